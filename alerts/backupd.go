package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// backupd returns the rules about backups and about backupd itself. It is asked once every scrape
// and may be restarted at any time: what it said last counts for ten minutes.
func backupd() []Group {
	return []Group{{Name: "backupd", Rules: []Rule{
		{
			Name:        "BackupdDown",
			Expr:        expr(`up{job="%s"} == 0`, JobBackupd),
			For:         5 * time.Minute,
			Severity:    Warning,
			Scope:       ScopeBackup,
			Summary:     "backupd at {{ $labels.instance }} does not answer: no backups are taken",
			Description: "What is stored stays stored and can be restored with `kagu backup restore` without it. What is due is caught up when it is back.",
		},
		{
			Name: "BackupStale",
			Expr: expr(`time() - last_over_time(%[1]s[10m]) > last_over_time(%[2]s[10m])
or last_over_time(%[2]s[10m]) unless last_over_time(%[1]s[10m])`, metric.BackupdNewest, metric.BackupdNewestMaxAge),
			For:         15 * time.Minute,
			Severity:    Warning,
			Scope:       ScopeBackup,
			Asks:        `{{ if match "physical|native" $labels.method }}take{{ end }}`, // a dump that is old is not mended by it
			Summary:     "{{ $labels.cluster }} has no {{ $labels.method }} backup that is as new as its schedule promises",
			Description: "A job did not begin, failed, or what it took was found to be bad. The older backups are kept until a newer one is proven.",
		},
		{
			Name: "BackupUnproven",
			Expr: expr(`time() - max by (job, instance, cluster) (last_over_time(%[1]s[10m])) > last_over_time(%[2]s[10m])
or last_over_time(%[2]s[10m]) unless max by (job, instance, cluster) (last_over_time(%[1]s[10m]))`, metric.BackupdProof, metric.BackupdProofMaxAge),
			For:         time.Hour,
			Severity:    Warning,
			Scope:       ScopeBackup,
			Asks:        "verify",
			Summary:     "No backup of {{ $labels.cluster }} was restored and found good for longer than kagu.yaml allows",
			Description: "A backup that was not restored is a hope. Nothing is pruned beyond the newest proven one meanwhile, so the stores fill up.",
		},
		{
			Name:        "BackupFailing",
			Expr:        expr(`last_over_time(%s[10m]) == 1`, metric.BackupdLastFailed),
			For:         time.Minute,
			Severity:    Warning,
			Scope:       ScopeBackup,
			Summary:     "{{ $labels.what }} {{ $labels.task }} of {{ $labels.cluster }} failed the last time it ran",
			Description: "What was begun is not listed as a backup. It runs again when it is due next, or with `kagu backup run`.",
		},
		{
			Name: "BackupSlow",
			Expr: expr(`time() - %s{what="take"} > on (job, instance, cluster) group_left () (3600 + 3 * max by (job, instance, cluster) (max_over_time(%s[7d])))`,
				metric.BackupdRunning, metric.BackupdSeconds),
			For:         5 * time.Minute,
			Severity:    Warning,
			Scope:       ScopeBackup,
			Summary:     "The backup of {{ $labels.cluster }} takes an hour more than three times the longest one of the week",
			Description: "The donor, the network or the store hangs or has become slow. A Galera donor is desynced all that time.",
		},
		{
			Name: "BackupStoreFilling",
			Expr: expr(`last_over_time(%s[10m]) < 2 * last_over_time(%s[10m])`,
				metric.BackupdStoreFree, metric.BackupdStoreRound),
			For:         15 * time.Minute,
			Severity:    Warning,
			Scope:       ScopeBackup,
			Summary:     "The store {{ $labels.store }} has no room for two more rounds of backups",
			Description: "When it is full backups fail; those that are there stay good.",
		},
		{
			Name:        "BackupStoreDown",
			Expr:        expr(`last_over_time(%s[10m]) == 0`, metric.BackupdStoreUp),
			For:         15 * time.Minute,
			Severity:    Warning,
			Scope:       ScopeBackup,
			Summary:     "The store {{ $labels.store }} does not answer backupd",
			Description: "It is not mounted, not reachable, or refuses the keys. No backup can be written to it or restored from it.",
		},
		{
			Name:        "BackupLogBehind",
			Expr:        expr(`increase(%s[10m]) >= 3`, metric.BackupdLogErrors),
			For:         10 * time.Minute,
			Severity:    Warning,
			Scope:       ScopeBackup,
			Summary:     "The archive of binary logs of {{ $labels.cluster }} keeps failing",
			Description: "The newest transactions are only on the servers: a restore to a moment reaches only as far as the archive.",
		},
		{
			Name: "BackupDebtOpen",
			Expr: expr(`time() - last_over_time(%s[10m]) > 600 unless on (job, instance, cluster) %s{what="take"}`,
				metric.BackupdDebt, metric.BackupdRunning),
			For:         5 * time.Minute,
			Severity:    Critical,
			Scope:       ScopeBackup,
			Summary:     "A backup left something behind on {{ $labels.node }} of {{ $labels.cluster }}: {{ $labels.debt }}",
			Description: "backupd tries again every 15 seconds to undo it and cannot. A member that stays desynced falls behind and is no redundancy.",
		},
		{
			Name:        "BackupdConfigStale",
			Expr:        expr(`last_over_time(%s[10m]) == 0`, metric.BackupdConfigReload),
			For:         10 * time.Minute,
			Severity:    Warning,
			Scope:       ScopeBackup,
			Summary:     "backupd at {{ $labels.instance }} could not read a changed kagu.yaml and goes on with the old one",
			Description: "Schedules, stores and retention are those of before the change.",
		},
	}}}
}
