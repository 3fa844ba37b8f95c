package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/kagu-db/kagu/internal/metric"
)

// The ways a query names one cluster. up and ALERTS are Prometheus' own series.
const (
	here    = `cluster="$cluster"`
	byNode  = "{{node}}"
	perTime = "$__rate_interval"
)

// galera is the board of one Galera cluster, made for a screen on the wall: 28 rows of 24
// columns fill 1920x1080, the top rows are read from three metres, the rest from one.
func galera() Board {
	return Board{
		UID:    "kagu-galera",
		Title:  "Galera cluster",
		About:  "One Galera cluster for a screen on the wall: is it writable, who is missing, who holds it back, what is being done.",
		Span:   "now-1h",
		Choose: query{expr: expr("label_values(%s, cluster)", metric.GaleraUp)},
		Marks: []mark{
			{
				name: "Alerts", color: bad, title: "{{alertname}} {{node}}",
				expr: `ALERTS{alertstate="firing", ` + here + `}`,
			},
			{
				name: "Incidents", color: "blue", title: "{{problem}} {{node}}: {{state}}",
				expr: expr(`%s{%s} == 1`, metric.RemediatorIncidentOpen, here),
			},
		},
		Panels: []panel{
			primary(), synced(), missing(), size(), writable(), flowControlNow(),
			nodeStates(), happening(),
			flowControl(), queues(), commits(),
			conflicts(), behind(), sizes(),
		},
	}
}

func primary() panel {
	return tile(place{0, 0, 4, 5}, "Cluster",
		"PRIMARY while at least one member that we see belongs to a primary component.", units.NoUnit,
		[]face{{"0", "NO PRIMARY", bad}, {"1", "PRIMARY", good}}, []step{{0, unknown}},
		query{expr(`max(%s{%s} > bool 0)`, metric.GaleraNodesPrimary, here), "cluster"})
}

func synced() panel {
	return tile(place{4, 0, 4, 5}, "Nodes synced",
		"Members that are primary, ready and synced, and how many there should be by kagu.yaml.", units.NoUnit,
		nil, []step{{0, bad}, {1, good}},
		query{expr(`sum(%s{%s})`, metric.GaleraNodesSynced, here), "synced"},
		query{expectedNodes(), "expected"})
}

func missing() panel {
	return tile(place{8, 0, 4, 5}, "Nodes missing",
		"Expected nodes that are not synced. One may be missing without harm, the next one takes the cluster down.", units.NoUnit,
		[]face{{"0", "none", good}}, []step{{0, good}, {1, careful}, {2, bad}},
		query{expectedNodes() + " - " + expr(`(sum(%s{%s}) or vector(0))`, metric.GaleraNodesSynced, here), "missing"})
}

func size() panel {
	return tile(place{12, 0, 4, 5}, "Cluster size",
		"Members of the primary component, arbitrator included.", units.NoUnit,
		nil, []step{{0, bad}, {2, careful}, {3, good}},
		query{expr(`max(%s{%s} and on (cluster, node) (%s{status="primary", %s} == 1))`,
			metric.GaleraClusterSize, here, metric.GaleraClusterStatus, here), "members"})
}

func writable() panel {
	return tile(place{16, 0, 4, 5}, "Writable",
		"YES while at least one member is primary, ready, and synced or a donor.", units.NoUnit,
		[]face{{"0", "NO", bad}, {"1", "YES", good}}, []step{{0, unknown}},
		query{expr(`max((%s{%s} * on (cluster, node) %s{status="primary", %s} * on (cluster, node) sum by (cluster, node) (%s{state=~"synced|donor", %s})) or %s{%s} * 0)`,
			metric.GaleraReady, here, metric.GaleraClusterStatus, here, metric.GaleraLocalState, here, metric.GaleraUp, here), "writable"})
}

func flowControlNow() panel {
	return tile(place{20, 0, 4, 5}, "Paused by flow control",
		"Share of the last minute in which the slowest member made all others wait.", units.PercentUnit,
		nil, []step{{0, good}, {0.1, careful}, {0.5, bad}},
		query{expr(`max(rate(%s{%s}[1m]))`, metric.GaleraFlowControlPausedSecondsTotal, here), "paused"})
}

// nodeStates shows a server that does not answer as -1, so that its lane does not just end.
func nodeStates() panel {
	return timeline(place{0, 5, 15, 7}, "Nodes",
		"What each server says it is. DOWN: it does not answer SQL.", "unknown",
		[]face{
			{"-1", "DOWN", bad},
			{"0", "initialized", careful},
			{"1", "joining", moving},
			{"2", "donor", "blue"},
			{"3", "catching up", moving},
			{"4", "synced", good},
			{"5", "INCONSISTENT", bad},
		},
		query{expr(`max by (node) (%s{%s}) or max by (node) ((%s{%s} == 0) - 1)`,
			metric.GaleraLocalStateCode, here, metric.GaleraUp, here), byNode})
}

func happening() panel {
	return timeline(place{15, 5, 9, 7}, "Alerts and incidents",
		"What fires, and what the remediator does about it. `kagu incidents` tells the story.", "nothing is wrong",
		[]face{{"1", "firing", bad}, {"2", "open", "blue"}},
		query{`max by (alertname, node) (ALERTS{alertstate="firing", ` + here + `})`, "{{alertname}} {{node}}"},
		query{expr(`max by (problem, node, state) (%s{%s} == 1) * 2`, metric.RemediatorIncidentOpen, here), "{{problem}} {{node}}: {{state}}"})
}

func flowControl() panel {
	return series(place{0, 12, 8, 8}, "Flow control",
		"Share of time replication was paused, and who asked for it: the one that sends is the slow one.", units.PercentUnit,
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraFlowControlPausedSecondsTotal, here, perTime), "{{node}} paused"},
		query{expr(`max by (node) (rate(%s{%s}[%s])) > 0`, metric.GaleraFlowControlSentTotal, here, perTime), "{{node}} asks (per second)"})
}

func queues() panel {
	return series(place{8, 12, 8, 8}, "Queues",
		"Write sets waiting: to be applied (receive), to be sent (send).", units.Short,
		query{expr(`max by (node) (%s{%s})`, metric.GaleraLocalRecvQueueLength, here), "{{node}} receive"},
		query{expr(`max by (node) (%s{%s}) > 0`, metric.GaleraLocalSendQueueLength, here), "{{node}} send"})
}

func commits() panel {
	return series(place{16, 12, 8, 8}, "Commits",
		"Transactions that clients committed on each node, per second.", units.OpsPerSecond,
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraLocalCommitsTotal, here, perTime), byNode})
}

func conflicts() panel {
	return series(place{0, 20, 8, 8}, "Conflicts",
		"Transactions lost to a write on another node, per second: failed certification, or aborted while open.", units.OpsPerSecond,
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraLocalCertificationFailuresTotal, here, perTime), "{{node}} certification"},
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraLocalBFAbortsTotal, here, perTime), "{{node}} aborted"})
}

func behind() panel {
	return series(place{8, 20, 8, 8}, "Behind the others",
		"Write sets between each node and the most advanced one. Noise of a few is the moment of the scrape.", units.Short,
		query{expr(`scalar(max(%s{%s})) - max by (node) (%s{%s})`,
			metric.GaleraLastCommittedSeqno, here, metric.GaleraLastCommittedSeqno, here), byNode})
}

func sizes() panel {
	return series(place{16, 20, 8, 8}, "Members each node sees",
		"Lines that part are a partition.", units.Short,
		query{expr(`max by (node) (%s{%s})`, metric.GaleraClusterSize, here), byNode})
}

// expectedNodes counts the nodes of kagu.yaml, or the targets where `kagu generate` did not
// write the fleet's own rules.
func expectedNodes() string {
	return expr(`(count(%s{%s}) or count(%s{%s}))`, metric.GaleraNodeExpected, here, metric.GaleraUp, here)
}
