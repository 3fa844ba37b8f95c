package metric

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// point is one sample of a family. It is a prometheus.Metric that knows its family, so that a
// page of them can be put together without a registry.
type point struct {
	family *Family
	value  float64
	labels []string // go with family.Labels

	distribution *dto.Histogram // of a histogram, which has no value; nil otherwise
}

// A Bucket is how many of what a histogram counts were up to a bound.
type Bucket struct {
	Bound float64
	Count uint64 // all that were below it too
}

// Distribution returns one sample of a family that is a histogram: a server's own count of all,
// their sum, and its buckets, the bounds ascending and without the endless one.
func (f *Family) Distribution(count uint64, sum float64, buckets []Bucket, labels ...string) prometheus.Metric {
	h := &dto.Histogram{SampleCount: &count, SampleSum: &sum}
	for _, b := range buckets {
		h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: &b.Bound, CumulativeCount: &b.Count})
	}
	p := f.Sample(0, labels...).(*point)
	p.distribution = h
	return p
}

// Sample returns one sample of the family. The label values go with f.Labels; what is no UTF-8 in
// them is replaced.
func (f *Family) Sample(value float64, labels ...string) prometheus.Metric {
	if len(labels) != len(f.Labels) {
		panic(fmt.Sprintf("%s has the labels %v, and is given %q", f.Name, f.Labels, labels))
	}
	for i, l := range labels {
		if !utf8.ValidString(l) {
			labels = slices.Clone(labels)
			labels[i] = strings.ToValidUTF8(l, "\uFFFD")
		}
	}
	return &point{family: f, value: value, labels: labels}
}

// Desc makes a point a prometheus.Metric.
func (p *point) Desc() *prometheus.Desc { return p.family.desc }

// Write makes a point a prometheus.Metric.
func (p *point) Write(out *dto.Metric) error {
	p.label(out, make([]dto.LabelPair, len(p.labels)), make([]*dto.LabelPair, len(p.labels)))
	switch {
	case p.distribution != nil:
		out.Histogram = p.distribution
	case p.family.Type == prometheus.CounterValue:
		p.count(out, new(dto.Counter))
	default:
		p.gauge(out, new(dto.Gauge))
	}
	return nil
}

// label, count and gauge write the point into memory of the caller's.
func (p *point) label(out *dto.Metric, pairs []dto.LabelPair, pointers []*dto.LabelPair) {
	for i := range p.labels {
		pairs[i].Name, pairs[i].Value = &p.family.Labels[i], &p.labels[i]
		pointers[i] = &pairs[i]
	}
	slices.SortFunc(pointers, func(a, b *dto.LabelPair) int { return strings.Compare(*a.Name, *b.Name) })
	out.Label = pointers
}

func (p *point) count(out *dto.Metric, c *dto.Counter) { c.Value, out.Counter = &p.value, c }

func (p *point) gauge(out *dto.Metric, g *dto.Gauge) { g.Value, out.Gauge = &p.value, g }

// Page groups samples by family, sorted, as a registry does that gathers them. Of two of the
// same labels the first counts, and the error says so; the page is good nonetheless.
func Page(samples []prometheus.Metric) ([]*dto.MetricFamily, error) {
	points := make([]*point, 0, len(samples))
	var errs []error
	labels, count := 0, 0
	for _, s := range samples {
		p, ok := s.(*point)
		if !ok {
			errs = append(errs, fmt.Errorf("%s is no sample of a family of the catalogue", s.Desc()))
			continue
		}
		points = append(points, p)
		labels += len(p.labels)
		if p.family.Type == prometheus.CounterValue {
			count++
		}
	}
	slices.SortStableFunc(points, byName)
	points = slices.CompactFunc(points, func(a, b *point) bool {
		if byName(a, b) != 0 {
			return false
		}
		errs = append(errs, fmt.Errorf("%s%q comes twice", a.family, a.labels))
		return true
	})

	// One piece of memory for all of a kind: a page has hundreds.
	n := len(points)
	metrics, gauges, counters := make([]dto.Metric, n), make([]dto.Gauge, len(samples)-count), make([]dto.Counter, count)
	list, pairs, pointers := make([]*dto.Metric, n), make([]dto.LabelPair, labels), make([]*dto.LabelPair, labels)
	var families []*dto.MetricFamily
	for i, p := range points {
		if i == 0 || points[i-1].family != p.family {
			families = append(families, p.family.header())
		}
		k := len(p.labels)
		p.label(&metrics[i], pairs[:k:k], pointers[:k:k])
		pairs, pointers = pairs[k:], pointers[k:]
		switch {
		case p.distribution != nil:
			metrics[i].Histogram = p.distribution
		case p.family.Type == prometheus.CounterValue:
			p.count(&metrics[i], &counters[0])
			counters = counters[1:]
		default:
			p.gauge(&metrics[i], &gauges[0])
			gauges = gauges[1:]
		}
		list[i] = &metrics[i]
		last := families[len(families)-1]
		first := i - len(last.Metric)
		last.Metric = list[first : i+1 : i+1]
	}
	return families, errors.Join(errs...)
}

func byName(a, b *point) int {
	if a.family != b.family {
		return cmp.Compare(a.family.Name, b.family.Name)
	}
	return slices.Compare(a.labels, b.labels)
}

func (f *Family) header() *dto.MetricFamily {
	kind := dto.MetricType_GAUGE
	switch {
	case f.Buckets != nil:
		kind = dto.MetricType_HISTOGRAM
	case f.Type == prometheus.CounterValue:
		kind = dto.MetricType_COUNTER
	}
	return &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: &kind}
}
