package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/kagu-db/kagu/internal/metric"
)

// backupd is the board of the backups of one cluster: can it be restored, to when, and how long does
// that take.
func backupd() Board {
	return Board{
		UID:    "kagu-backup",
		Title:  "Backups",
		About:  "The backups of one cluster for a screen on the wall: are there new ones, were they restored, to when can one go back, is there room.",
		Span:   "now-2d",
		Choose: query{expr: expr("label_values(%s, cluster)", metric.BackupdProofMaxAge)},
		Marks: []mark{{
			name: "Alerts", color: bad, title: "{{alertname}} {{method}}",
			expr: `ALERTS{alertstate="firing", scope="backup", ` + here + `}`,
		}},
		Panels: []panel{
			backupGood(), backupAge(), backupProof(), backupRestore(), backupLogs(), backupBad(),
			backupRuns(), backupAlerts(),
			backupSizes(), backupSpeed(), backupTimes(),
			backupStores(), backupFree(), backupFailures(),
		},
	}
}

func backupGood() panel {
	return tile(place{0, 0, 4, 5}, "Backups",
		"GOOD while a backup was restored and found good, not longer ago than kagu.yaml allows.", units.NoUnit,
		[]face{{"0", "NOT PROVEN", bad}, {"1", "GOOD", good}}, []step{{0, unknown}},
		query{expr(`(time() - max(%s{%s}) <= bool max(%s{%s})) or max(%s{%s}) * 0`,
			metric.BackupdProof, here, metric.BackupdProofMaxAge, here, metric.BackupdProofMaxAge, here), "proven"})
}

func backupAge() panel {
	return tile(place{4, 0, 4, 5}, "Newest backup",
		"How old the state is that the newest backup brings back, archived logs left out.", units.Seconds,
		nil, []step{{0, good}, {86400 + 6*3600, careful}, {2 * 86400, bad}},
		query{expr(`time() - max(%s{%s})`, metric.BackupdNewest, here), "age"})
}

func backupProof() panel {
	return tile(place{8, 0, 4, 5}, "Last good proof",
		"How long ago a backup was restored and its content looked at.", units.Seconds,
		nil, []step{{0, good}, {36 * 3600, careful}, {3 * 86400, bad}},
		query{expr(`time() - max(%s{%s})`, metric.BackupdProof, here), "ago"})
}

func backupRestore() panel {
	return tile(place{12, 0, 4, 5}, "A restore takes",
		"As long as the newest proof took, the slowest method.", units.Seconds,
		nil, []step{{0, good}},
		query{expr(`max(%s{%s})`, metric.BackupdRestoreSeconds, here), "takes"})
}

func backupLogs() panel {
	return tile(place{16, 0, 4, 5}, "Logs archived",
		"How long ago the newest transaction was committed that is in the archive: so far back a restore to a moment ends.", units.Seconds,
		nil, []step{{0, good}, {900, careful}, {3600, bad}},
		query{expr(`time() - max(%s{%s})`, metric.BackupdLogs, here), "ago"})
}

func backupBad() panel {
	return tile(place{20, 0, 4, 5}, "Bad backups",
		"Backups in which something wrong was found.", units.NoUnit,
		[]face{{"0", "none", good}}, []step{{0, good}, {1, bad}},
		query{expr(`sum(%s{state="bad", %s}) or max(%s{%s}) * 0`, metric.BackupdBackups, here, metric.BackupdProofMaxAge, here), "bad"})
}

func backupRuns() panel {
	return timeline(place{0, 5, 15, 7}, "What runs",
		"Backups, proof restores and removals that go on, and jobs that are due and wait.", "nothing",
		[]face{{"1", "runs", good}, {"2", "waits", moving}},
		query{expr(`max by (what) (%s{%s} > bool 0)`, metric.BackupdRunning, here), "{{what}}"},
		query{expr(`max by (task) (%s{%s} == 1) * 2`, metric.BackupdWaiting, here), "{{task}} waits"})
}

func backupAlerts() panel {
	return timeline(place{15, 5, 9, 7}, "Alerts",
		"What fires about the backups of this cluster.", "nothing is wrong",
		[]face{{"1", "firing", bad}},
		query{`max by (alertname, method, task) (ALERTS{alertstate="firing", scope="backup", ` + here + `})`, "{{alertname}} {{method}} {{task}}"})
}

func backupSizes() panel {
	return series(place{0, 12, 8, 8}, "Size of the newest",
		"As read from the database, and as stored.", units.BytesIEC,
		query{expr(`max by (method) (%s{%s})`, metric.BackupdPlainBytes, here), "{{method}} read"},
		query{expr(`max by (method) (%s{%s})`, metric.BackupdStoredBytes, here), "{{method}} stored"})
}

func backupSpeed() panel {
	return series(place{8, 12, 8, 8}, "Speed",
		"How fast the backup that runs reads from the database.", units.BytesPerSecondIEC,
		query{expr(`max by (what) (deriv(%s{%s}[5m]) > 0)`, metric.BackupdRunBytes, here), "{{what}}"})
}

func backupTimes() panel {
	return series(place{16, 12, 8, 8}, "How long it takes",
		"To take a backup, and to restore it as measured by proofs.", units.Seconds,
		query{expr(`max by (method) (%s{%s})`, metric.BackupdSeconds, here), "{{method}} taken in"},
		query{expr(`max by (method) (%s{%s})`, metric.BackupdRestoreSeconds, here), "{{method}} restored in"})
}

func backupStores() panel {
	return series(place{0, 20, 8, 8}, "Held in the stores",
		"What the backups of this cluster take.", units.BytesIEC,
		query{expr(`max by (store) (%s{%s})`, metric.BackupdStoreHeld, here), "{{store}}"})
}

func backupFree() panel {
	return series(place{8, 20, 8, 8}, "Free in the stores",
		"And what one more round of backups of all clusters takes. A bucket has no limit that it tells.", units.BytesIEC,
		query{expr(`max by (store) (%s)`, metric.BackupdStoreFree), "{{store}} free"},
		query{expr(`max by (store) (%s)`, metric.BackupdStoreRound), "{{store}} one round"})
}

func backupFailures() panel {
	return series(place{16, 20, 8, 8}, "Failures",
		"Runs that failed in the last day, by the stage at which they did, and jobs that missed their window.", units.Short,
		query{expr(`sum by (what, stage) (increase(%s{%s}[1d])) > 0`, metric.BackupdFailures, here), "{{what}} at {{stage}}"},
		query{expr(`sum by (task) (increase(%s{%s}[1d])) > 0`, metric.BackupdMissed, here), "{{task}} missed"})
}
