package metric

import "github.com/prometheus/client_golang/prometheus"

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

var galeraTarget = []string{Job, Instance, Cluster, Node}

// The families of galera_exporter, one target a server. They carry no label for the
// cluster or the node: service discovery sets those.
var (
	GaleraUp = Family{
		Name: "galera_up", Type: gauge, Target: galeraTarget, Cost: EveryScrape,
		Help:   "1 if the handshake and SHOW GLOBAL STATUS worked, else 0 (handshake, SHOW).",
		Source: "handshake, SHOW GLOBAL STATUS", Moves: "See docs/runbooks/GaleraNodeDown.md.",
	}.declare()
)
