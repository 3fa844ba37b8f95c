package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/kagu-db/kagu/internal/metric"
)

// ndb is the board of one NDB cluster, made for a screen on the wall as that of Galera is.
func ndb() Board {
	return Board{
		UID:    "kagu-ndb",
		Title:  "NDB cluster",
		About:  "One NDB cluster for a screen on the wall: does it serve, what would stop it, what runs full, who waits.",
		Span:   "now-1h",
		Choose: query{expr: expr("label_values(%s, cluster)", metric.NdbUp)},
		Marks: []mark{{
			name: "Alerts", color: bad, title: "{{alertname}}",
			expr: `ALERTS{alertstate="firing", ` + here + `}`,
		}},
		Panels: []panel{
			ndbServing(), ndbStarted(), ndbSurvives(), ndbArbitrator(), ndbSQLNodes(), ndbManagementServers(),
			ndbNodeStates(), ndbAlerts(),
			ndbMemory(), ndbRedo(), ndbTransactions(),
			ndbWaits(), ndbRestarts(), ndbTrouble(),
		},
	}
}

func ndbServing() panel {
	return tile(place{0, 0, 4, 5}, "Cluster",
		"SERVING while every node group has a started data node.", units.NoUnit,
		[]face{{"0", "DOWN", bad}, {"1", "SERVING", good}}, []step{{0, unknown}},
		query{expr(`max(%s{%s})`, metric.NdbClusterServing, here), "cluster"})
}

func ndbStarted() panel {
	return tile(place{4, 0, 4, 5}, "Data nodes started",
		"And how many there should be by the configuration.", units.NoUnit,
		nil, []step{{0, bad}, {1, good}},
		query{expr(`max(%s{state="started", %s})`, metric.NdbDataNodes, here), "started"},
		query{expr(`max(%s{state="configured", %s})`, metric.NdbDataNodes, here), "configured"})
}

func ndbSurvives() panel {
	return tile(place{8, 0, 4, 5}, "Failures until outage",
		"Nodes that must be lost, one after the other, until the cluster stops, the last one included. 1: the next one.", units.NoUnit,
		nil, []step{{0, bad}, {2, good}},
		query{expr(`min(%s{of="nodes", %s})`, metric.NdbFailuresUntilOutage, here), "nodes"})
}

func ndbArbitrator() panel {
	return tile(place{12, 0, 4, 5}, "Arbitration",
		"Things that are wrong with it. With half of the data nodes left, the arbitrator decides whether they go on.", units.NoUnit,
		[]face{{"0", "well", good}}, []step{{0, good}, {1, careful}},
		query{expr(`sum(max by (trouble) (%s{trouble!="unknown", %s}))`, metric.NdbArbitratorTrouble, here), "trouble"})
}

func ndbSQLNodes() panel {
	return tile(place{16, 0, 4, 5}, "SQL nodes connected",
		"SQL nodes that answer and have data nodes, and how many there are.", units.NoUnit,
		nil, []step{{0, bad}, {1, good}},
		query{expr(`sum(%s{%s} or %s{%s} * 0)`, metric.NdbSQLConnected, here, metric.NdbSQLUp, here), "connected"},
		query{expr(`count(%s{%s})`, metric.NdbSQLUp, here), "there are"})
}

func ndbManagementServers() panel {
	return tile(place{20, 0, 4, 5}, "Management servers",
		"Those that answer, and how many there are.", units.NoUnit,
		nil, []step{{0, bad}, {1, good}},
		query{expr(`sum(%s{%s})`, metric.NdbMgmdUp, here), "answer"},
		query{expr(`count(%s{%s})`, metric.NdbMgmdUp, here), "there are"})
}

// ndbNodeStates numbers the states, so that each has a colour of its own.
func ndbNodeStates() panel {
	state := func(number, name string) string {
		return expr(`max by (node) (%s{state="`+name+`", %s} == 1) * `+number, metric.NdbNodeState, here)
	}
	return timeline(place{0, 5, 15, 7}, "Data nodes",
		"What each data node is, as the management servers see it.", "unknown",
		[]face{
			{"1", "NO CONTACT", bad},
			{"2", "not started", careful},
			{"3", "starting", moving},
			{"4", "started", good},
			{"5", "shutting down", careful},
			{"6", "single user", "blue"},
			{"7", "other", unknown},
		},
		query{state("1", "no_contact") + " or " + state("2", "not_started") + " or " + state("3", "starting") + " or " +
			state("4", "started") + " or " + state("5", "shutting_down") + " or " + state("6", "single_user") + " or " + state("7", "other"), byNode})
}

func ndbAlerts() panel {
	return timeline(place{15, 5, 9, 7}, "Alerts",
		"What fires. NDB clusters are not healed by themselves.", "nothing is wrong",
		[]face{{"1", "firing", bad}},
		query{`max by (alertname, node) (ALERTS{alertstate="firing", ` + here + `})`, "{{alertname}} {{node}}"})
}

func ndbMemory() panel {
	return series(place{0, 12, 8, 8}, "Data memory",
		"Share in use on each data node. At 100 % inserts fail.", units.PercentUnit,
		query{expr(`max by (node) (%[1]s{state="used", %[2]s} / ignoring (state) %[1]s{state="total", %[2]s})`, metric.NdbDataMemoryBytes, here), byNode})
}

func ndbRedo() panel {
	return series(place{8, 12, 8, 8}, "Redo log",
		"Share in use of the fullest part. At 100 % writes fail.", units.PercentUnit,
		query{expr(`max by (node) (%s{log="redo", %s})`, metric.NdbLogSpaceFullestRatio, here), byNode})
}

func ndbTransactions() panel {
	return series(place{16, 12, 8, 8}, "Transactions",
		"Committed and aborted by the data nodes, per second.", units.OpsPerSecond,
		query{expr(`sum by (event) (rate(%s{event=~"commits|aborts", %s}[%s]))`, metric.NdbTCEventsTotal, here, perTime), "{{event}}"})
}

func ndbWaits() panel {
	return series(place{0, 20, 8, 8}, "Time of a round trip",
		"From SQL nodes to the data nodes, mean. Their own threads' waits for work count too.", units.Seconds,
		query{expr(`max by (node) (rate(%s{%s}[%s])) / on (node) sum by (node) (rate(%s{%s}[%s]) > 0)`,
			metric.NdbSQLAPIWaitSecondsTotal, here, perTime, metric.NdbSQLAPIWaitsTotal, here, perTime), byNode})
}

func ndbRestarts() panel {
	return series(place{8, 20, 8, 8}, "Checkpoints and restarts",
		"How long the last local checkpoint took, and how long a data node that starts still needs.", units.Seconds,
		query{expr(`max(%s{%s})`, metric.NdbLocalCheckpointSeconds, here), "local checkpoint"},
		query{expr(`max by (node) (%s{%s})`, metric.NdbRestartRemainingSeconds, here), "{{node}} starts"})
}

func ndbTrouble() panel {
	return series(place{16, 20, 8, 8}, "Trouble",
		"Warnings of data nodes that something stands still, and heartbeats that were missed, per minute.", units.Short,
		query{expr(`sum by (stall) (rate(%s{%s}[%s])) * 60 > 0`, metric.NdbStallsTotal, here, perTime), "{{stall}}"},
		query{expr(`sum by (node) (rate(%s{kind="missed", %s}[%s])) * 60 > 0`, metric.NdbHeartbeatTroubleTotal, here, perTime), "{{node}} heartbeats"})
}
