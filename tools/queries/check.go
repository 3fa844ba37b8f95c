package queries

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/kagu-db/kagu/internal/metric"
)

// A Catalogue knows the labels of every series by its name, and the values of the labels
// that have a closed list.
type Catalogue struct {
	labels map[string][]string
	states map[string][]string // by series and label: "galera_local_state state"
}

// NewCatalogue knows the families of internal/metric and what Prometheus writes itself.
func NewCatalogue(families ...*metric.Family) Catalogue {
	c := Catalogue{labels: map[string][]string{}, states: map[string][]string{}}
	target := []string{metric.Job, metric.Instance, metric.Cluster, metric.Node}
	rule := []string{"alertname", "alertstate", "severity", "scope", "remediate"}
	c.labels["up"] = target
	c.labels["ALERTS"] = slices.Concat(target, rule)
	for _, f := range families {
		set := slices.Concat(f.Labels, f.Target)
		c.labels[f.Name] = set
		c.labels["ALERTS"] = append(c.labels["ALERTS"], f.Labels...) // an alert keeps the labels of what it asks
		if f.Buckets != nil {
			delete(c.labels, f.Name)
			c.labels[f.Name+"_bucket"] = append(slices.Clone(set), "le")
			c.labels[f.Name+"_sum"], c.labels[f.Name+"_count"] = set, set
		}
		if f.States != nil {
			c.states[f.Name+" "+f.Labels[len(f.Labels)-1]] = f.States
		}
	}
	return c
}

// Check returns what is wrong with the query, and the labels that its answer may have.
func (c Catalogue) Check(query string) (answer []string, err error) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return nil, err
	}
	return c.expr(expr)
}

// expr follows the labels from the series up to the answer.
func (c Catalogue) expr(e parser.Expr) ([]string, error) {
	switch e := e.(type) {
	case *parser.VectorSelector:
		return c.selector(e)
	case *parser.AggregateExpr:
		in, err := c.expr(e.Expr)
		if e.Op == parser.TOPK || e.Op == parser.BOTTOMK { // it picks series, and leaves them their labels
			return in, errors.Join(err, within(in, e.Grouping, e))
		}
		if e.Without {
			return minus(in, e.Grouping), errors.Join(err, within(in, e.Grouping, e))
		}
		return e.Grouping, errors.Join(err, within(in, e.Grouping, e))
	case *parser.BinaryExpr:
		return c.binary(e)
	default:
		return c.children(e)
	}
}

// children is for everything that hands on the labels of what is inside it.
func (c Catalogue) children(e parser.Expr) ([]string, error) {
	union := map[string]bool{}
	var faults []error
	for child := range parser.ChildrenIter(e) {
		inner, ok := child.(parser.Expr)
		if !ok {
			continue
		}
		in, err := c.expr(inner)
		faults = append(faults, err)
		for _, l := range in {
			union[l] = true
		}
	}
	return slices.Sorted(maps.Keys(union)), errors.Join(faults...)
}

func (c Catalogue) binary(e *parser.BinaryExpr) ([]string, error) {
	left, err1 := c.expr(e.LHS)
	right, err2 := c.expr(e.RHS)
	faults := errors.Join(err1, err2)
	if m := e.VectorMatching; m != nil {
		faults = errors.Join(faults, within(left, m.MatchingLabels, e.LHS), within(right, m.MatchingLabels, e.RHS))
	}
	if m := e.VectorMatching; m != nil && len(m.Include) > 0 {
		many, one, of := left, right, e.RHS
		if m.Card == parser.CardOneToMany {
			many, one, of = right, left, e.LHS
		}
		return slices.Concat(many, m.Include), errors.Join(faults, within(one, m.Include, of))
	}
	if e.Op == parser.LOR {
		return slices.Concat(left, right), faults
	}
	if len(left) == 0 {
		return right, faults
	}
	return left, faults
}

func (c Catalogue) selector(s *parser.VectorSelector) ([]string, error) {
	set, known := c.labels[s.Name]
	if !known {
		return nil, fmt.Errorf("%s: no such family in the catalogue", s)
	}
	var faults []error
	for _, m := range s.LabelMatchers {
		if m.Name == labels.MetricName {
			continue
		}
		if !slices.Contains(set, m.Name) {
			faults = append(faults, fmt.Errorf("%s: %s has no label %q", s, s.Name, m.Name))
		}
		if states, closed := c.states[s.Name+" "+m.Name]; closed {
			for value := range strings.SplitSeq(m.Value, "|") {
				if !slices.Contains(states, value) {
					faults = append(faults, fmt.Errorf("%s: label %s of %s never is %q", s, m.Name, s.Name, value))
				}
			}
		}
	}
	return set, errors.Join(faults...)
}

// within fails for a label that the series of e do not have.
func within(have, want []string, e parser.Expr) error {
	if missing := minus(want, have); len(missing) > 0 {
		return fmt.Errorf("%s: its series have no label %s", e, strings.Join(missing, ", "))
	}
	return nil
}

func minus(list, without []string) []string {
	var left []string
	for _, l := range list {
		if !slices.Contains(without, l) {
			left = append(left, l)
		}
	}
	return left
}
