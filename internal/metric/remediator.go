package metric

import "github.com/prometheus/client_golang/prometheus"

var remediatorTarget = []string{Job, Instance}

var fast = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3.5, 5, 10}

// The families of the remediator. It serves many clusters, so cluster is a label of the series.
var (
	RemediatorHints = own("remediator_hints_total", counter, []string{"outcome"},
		"Alerts received by outcome: stored, unmarked, unknown_cluster, unknown_node (stored too), malformed, too_large, lost (own).",
		"unknown_cluster or unknown_node: labels and kagu.yaml disagree. lost: the journal's disk.")
	RemediatorTruncated = own("remediator_truncated_payloads_total", counter, nil,
		"Webhook payloads that Alertmanager had cut (truncatedAlerts above 0); all clusters are looked at then (own).",
		"Raise max_alerts of the webhook receiver.")
	RemediatorReceiveSeconds = histogram("remediator_receive_duration_seconds", nil,
		"Time from a webhook's arrival to its answer, in seconds; the hint is on disk by then (own).", fast,
		"The journal's disk is slow or full.")

	RemediatorLooks = own("remediator_looks_total", counter, []string{Cluster, "outcome"},
		"Looks at a cluster by outcome: healthy, problem, failed (own).",
		"failed: the cluster could not be observed at all; see the log.")
	RemediatorLookSeconds = histogram("remediator_look_duration_seconds", []string{Cluster},
		"Time to observe all nodes of a cluster afresh, in seconds (own).", fast,
		"Above 2 s: a node or host does not answer and costs its deadline.")
	RemediatorDecisionSeconds = histogram("remediator_decision_duration_seconds", []string{Cluster},
		"Time from the oldest hint of a look to the decision, in seconds (own).", fast,
		"See remediator_look_duration_seconds.")
	RemediatorVerbDelaySeconds = histogram("remediator_verb_delay_seconds", []string{Cluster},
		"Time from the hint that began an incident to its first verb, in seconds, for plans that waited for nobody (own).", fast,
		"See remediator_look_duration_seconds.")

	RemediatorIncidentOpen = own("remediator_incident_open", gauge, []string{Cluster, "problem", Node, "state"},
		"1 for every open incident, with its state: open, proposed, acting, refused, failed, held (own).",
		"`kagu incidents` tells the story and the next step.")
	RemediatorIncidents = own("remediator_incidents_closed_total", counter, []string{Cluster, "problem", "state"},
		"Incidents closed, by how they ended: healed, gone (own).",
		"Many in a day: find the cause, healing is not a cure.")
	RemediatorVetoes = own("remediator_vetoes_total", counter, []string{Cluster, "guard"},
		"Plans not carried out, by the guard that vetoed; counted at every look (own).",
		"The incident's text says what the guard waits for.")
	RemediatorPlans = own("remediator_plans_total", counter, []string{Cluster, "problem", "outcome"},
		"Plans carried out, by outcome: healed, failed, unsure (own).",
		"failed or unsure: a human is needed, see docs/runbooks.")
	RemediatorVerbs = own("remediator_verbs_total", counter, []string{Cluster, "action", "outcome"},
		"Verbs sent to hosts, by outcome: done, refused, failed, unsure (own).",
		"refused: the host knew better; its reason is in the incident.")
	RemediatorClusterHeld = own("remediator_cluster_held", gauge, []string{Cluster},
		"1 while an act of an earlier run is unfinished and the cluster is held until it is seen healthy or released (own).",
		"`kagu incidents`, then `kagu release ID` when a human has looked.")
	RemediatorMode = ownStates("remediator_mode", []string{Cluster, "mode"}, []string{"observe", "propose", "auto"},
		"How far the remediator may go on a cluster; 1 for the mode in kagu.yaml (own).",
		"Somebody changed kagu.yaml.")
	RemediatorMaintenance = own("remediator_maintenance", gauge, []string{Cluster},
		"1 while the cluster is in maintenance and nothing is done to it (own).",
		"`kagu maintenance off CLUSTER` ends it early.")
	RemediatorKillSwitch = own("remediator_kill_switch", gauge, nil,
		"1 while the kill switch is on, or while it cannot be read; nothing is done anywhere then (own).",
		"Remove the file, or mend what keeps it from being read.")

	RemediatorJournalErrors = own("remediator_journal_errors_total", counter, nil,
		"Writes to the journal that failed; nothing is acted on while it cannot be written (own).",
		"The disk under --storage.path is full or broken.")
	RemediatorNotifications = own("remediator_notifications_total", counter, []string{"outcome"},
		"Messages to Slack by outcome: sent, failed (a failed one is tried again) (own).",
		"The webhook's URL or the way to Slack is broken.")
	RemediatorNotificationsPending = own("remediator_notifications_pending", gauge, nil,
		"Messages to Slack not yet delivered; they are kept on disk (own).",
		"The webhook's URL or the way to Slack is broken.")
	RemediatorConfigReload = own("remediator_config_last_reload_successful", gauge, nil,
		"1 if the last reload of kagu.yaml worked; else the configuration before it is in force (own).",
		"`kagu check` names the line.")
)

// Remediator lists the families of the remediator.
func Remediator() []*Family {
	return []*Family{
		RemediatorHints, RemediatorTruncated, RemediatorReceiveSeconds,
		RemediatorLooks, RemediatorLookSeconds, RemediatorDecisionSeconds, RemediatorVerbDelaySeconds,
		RemediatorIncidentOpen, RemediatorIncidents, RemediatorVetoes, RemediatorPlans, RemediatorVerbs,
		RemediatorClusterHeld, RemediatorMode, RemediatorMaintenance, RemediatorKillSwitch,
		RemediatorJournalErrors, RemediatorNotifications, RemediatorNotificationsPending, RemediatorConfigReload,
	}
}

func own(name string, kind prometheus.ValueType, labels []string, help, moves string) *Family {
	return Family{
		Name: name, Type: kind, Labels: labels, Target: remediatorTarget,
		Help: help, Source: "own", Cost: Own, Moves: moves,
	}.declare()
}

func ownStates(name string, labels, states []string, help, moves string) *Family {
	f := *own(name, gauge, labels, help, moves)
	f.States = states
	return f.declare()
}

func histogram(name string, labels []string, help string, buckets []float64, moves string) *Family {
	f := *own(name, prometheus.UntypedValue, labels, help, moves)
	f.Buckets = buckets
	return f.declare()
}
