package metric

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Label names that more than one product uses. Cluster, Job and Instance are target
// labels for the exporters and are set by service discovery; Node is one for Galera.
const (
	Cluster  = "cluster"
	Node     = "node"
	Job      = "job"
	Instance = "instance"
)

// Cost says when a family is read.
type Cost string

// The cost classes.
const (
	EveryScrape Cost = "every scrape"
	Slow        Cost = "slow"
	OnDemand    Cost = "on demand"
	Own         Cost = "own" // about ourselves: costs the database nothing
)

// Family is one metric family.
type Family struct {
	Name   string
	Type   prometheus.ValueType // counter or gauge; ignored if Buckets are set
	Help   string               // one sentence: meaning and unit; ends with the origin in parentheses
	Labels []string             // the labels the exporter sets, in the order Sample takes them
	Target []string             // the labels service discovery adds

	Collector string // the collector that emits it, for the switch --collector.NAME; "" if it has none

	Source string // where the value comes from: a status variable, a file, "own"
	Cost   Cost
	Moves  string // what to do when it moves, for docs/metrics.md

	// States is the closed list of values of the last label of a state set; nil otherwise.
	States []string

	// Buckets are a histogram's upper bounds in base units; setting them makes it a histogram.
	Buckets []float64

	desc *prometheus.Desc
}

// String returns the name, so that a Family can be inserted into a query with %s.
func (f *Family) String() string { return f.Name }

// Desc returns the family's description for client_golang.
func (f *Family) Desc() *prometheus.Desc { return f.desc }

// StateSet emits one sample for each of the family's States: 1 for current, 0 for the others.
// A current state that is not in the list makes all of them 0, and that is what a rule can see.
func (f *Family) StateSet(emit func(prometheus.Metric), current string, labels ...string) {
	for _, s := range f.States {
		value := 0.0
		if s == current {
			value = 1
		}
		emit(f.Sample(value, append(labels[:len(labels):len(labels)], s)...))
	}
}

func (f Family) declare() *Family {
	f.desc = prometheus.NewDesc(f.Name, f.Help, f.Labels, nil)
	return &f
}

// GaugeVec returns a vector of the family for a program that keeps its own state.
func (f *Family) GaugeVec() *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: f.Name, Help: f.Help}, f.Labels)
}

// CounterVec returns a vector of the family for a program that keeps its own state.
func (f *Family) CounterVec() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: f.Name, Help: f.Help}, f.Labels)
}

// HistogramVec returns a vector of the family, with its Buckets.
func (f *Family) HistogramVec() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: f.Name, Help: f.Help, Buckets: f.Buckets}, f.Labels)
}
