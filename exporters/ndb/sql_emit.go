package ndb

import (
	"hash/fnv"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
)

// A cells emitter leaves out what is absent.
type cells func(prometheus.Metric)

// number emits a column of a row, times a unit, if the row has it.
func (e cells) number(f *metric.Family, row map[string]string, column string, unit float64, labels ...string) {
	if n, ok := number(row, column); ok {
		e(f.Sample(float64(n)*unit, labels...))
	}
}

func (e cells) truth(f *metric.Family, yes bool, labels ...string) {
	value := 0.0
	if yes {
		value = 1
	}
	e(f.Sample(value, labels...))
}

// A slot is one series that several rows add up to.
type slot struct {
	family *metric.Family
	labels [6]string
}

// sums adds rows up: threads, log parts and instances that nobody wants to see one by one.
type sums map[slot]float64

func (s sums) at(f *metric.Family, labels []string) slot {
	k := slot{family: f}
	copy(k.labels[:], labels)
	return k
}

// add adds a column of a row, if the row has it.
func (s sums) add(f *metric.Family, row map[string]string, column string, unit float64, labels ...string) {
	if n, ok := number(row, column); ok {
		s[s.at(f, labels)] += float64(n) * unit
	}
}

// highest keeps the largest of the values.
func (s sums) highest(f *metric.Family, value float64, labels ...string) {
	k := s.at(f, labels)
	if was, ok := s[k]; !ok || value > was {
		s[k] = value
	}
}

func (s sums) emit(e cells) {
	for k, value := range s {
		labels := k.labels
		e(k.family.Sample(value, labels[:len(k.family.Labels)]...))
	}
}

// nodeNames knows the nodes of kagu.yaml by their number.
type nodeNames map[string]string

func namesOf(c inventory.Cluster) nodeNames {
	names := nodeNames{}
	for _, list := range [][]inventory.Node{c.Management, c.Data, c.SQL} {
		for _, n := range list {
			names[strconv.Itoa(n.ID)] = n.Name
		}
	}
	return names
}

// of returns a node's name and number. One that kagu.yaml does not have is named as one that has
// no name there.
func (n nodeNames) of(id string) (name, number string) {
	if name, ok := n[id]; ok {
		return name, id
	}
	return "ndb-" + id, id
}

// fingerprint returns 52 bits of a hash of the parts, which a metric's value holds exactly.
func fingerprint(parts []string) float64 {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p)) // a hash never fails
		_, _ = h.Write([]byte{0})
	}
	return float64(h.Sum64() >> 12)
}

// shown is a server's text as a label.
func shown(text string) string { return cluster.Printable(text) }
