package inventory

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // schedules mean the same on a host without the package tzdata

	"go.yaml.in/yaml/v3"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/cron"
)

// methodsOf lists the methods for a kind of cluster.
var methodsOf = map[cluster.Kind][]string{
	cluster.KindGalera: {"physical", "incremental", "logical", "binlog"},
	cluster.KindNDB:    {"native", "binlog"},
}

func (s *section) readBackup(kind cluster.Kind) *Backup {
	sub := s.sub("backup", "credential", "restore_credential", "store", "copies", "timezone", "rate", "jobs", "retention", "proof", "checks")
	if sub == nil {
		return nil
	}
	b := &Backup{Credential: sub.credential("backup"), Zone: time.Local, Retention: Retention{Daily: 7, Weekly: 4, Monthly: 12, Least: 3, Schedule: "0 11 * * *"}}
	b.RestoreAs = sub.restoreCredential(kind)
	if name := sub.need("store", "name one of backup.stores; "+choose("stores", s.stores)); name != "" {
		b.Store = sub.store(sub.entries["store"].value, join(sub.path, "store"), name)
	}
	for _, e := range sub.items("copies") {
		path := join(sub.path, "copies")
		if name := s.textOf(e, path); name != "" {
			if name == b.Store.Name || slices.ContainsFunc(b.Copies, func(o BackupStore) bool { return o.Name == name }) {
				s.fault(e.value, path, fmt.Sprintf("%q is there already", shorten(name)), "name each store once")
			}
			b.Copies = append(b.Copies, sub.store(e.value, path, name))
		}
	}
	if name := sub.text("timezone"); name != "" {
		zone, err := time.LoadLocation(name)
		if err != nil {
			sub.fault(sub.entries["timezone"].value, join(sub.path, "timezone"), fmt.Sprintf("%q is not a time zone", shorten(name)), "write it such as Pacific/Noumea or UTC")
			zone = time.UTC
		}
		b.Zone = zone
	}
	b.Rate = sub.bytes("rate")
	for _, e := range sub.named("jobs") {
		b.Jobs = append(b.Jobs, sub.readJob(e, kind))
	}
	if len(b.Jobs) == 0 && !sub.has("jobs") {
		sub.missing("jobs", `name what is to be done, such as jobs: {full: {method: `+methodsOf[kind][0]+`, schedule: "15 2 * * *"}}`)
	}
	sub.readRetention(&b.Retention)
	b.Proof = sub.readProof()
	b.Checks = sub.readChecks()
	return b
}

func (s *section) store(at *yaml.Node, path, name string) BackupStore {
	st, found := s.stores[name]
	if !found {
		s.fault(at, path, fmt.Sprintf("no store is named %q", shorten(name)), choose("stores", s.stores)+", under backup at the top of the file")
	}
	return st
}

func (s *section) readJob(e entry, kind cluster.Kind) BackupJob {
	j, path := BackupJob{Name: e.key.Value}, join(s.path, "jobs."+shorten(e.key.Value))
	s.name(e.key, path, j.Name, plainName)
	sub := s.section(e.key, e.value, path, "method", "schedule", "jitter", "window", "schemas", "interval")
	if sub == nil {
		return j
	}
	if sub.has("method") {
		j.Method = sub.choice("method", "", methodsOf[kind]...)
	} else {
		sub.missing("method", "for this kind of cluster it is "+strings.Join(methodsOf[kind], ", "))
	}
	if j.Method == "binlog" {
		j.Interval = sub.readInterval()
		for _, key := range []string{"schedule", "jitter", "window"} {
			if sub.has(key) {
				sub.fault(sub.where(key), join(path, key), "has no meaning: binary logs are archived without end", "remove it")
			}
		}
	} else {
		j.Schedule = sub.need("schedule", `give five fields as in crontab, such as "15 2 * * *"`)
		sub.checkSchedule("schedule", j.Schedule)
	}
	if j.Method != "binlog" && sub.has("interval") {
		sub.fault(sub.where("interval"), join(path, "interval"), fmt.Sprintf("has no meaning for the method %s: it goes by its schedule", j.Method), "remove it")
	}
	j.Jitter = sub.duration("jitter", 0, 0)
	j.Window = sub.duration("window", 4*time.Hour, time.Minute)
	for _, e := range sub.items("schemas") {
		if text := s.textOf(e, join(path, "schemas")); text != "" {
			j.Schemas = append(j.Schemas, text)
		}
	}
	if len(j.Schemas) > 0 && j.Method != "logical" {
		sub.fault(sub.where("schemas"), join(path, "schemas"), fmt.Sprintf("has no meaning for the method %s: it takes everything", j.Method), "remove it")
	}
	return j
}

// How often an archive of binary logs looks for more. What is not archived yet is lost with the
// cluster, and each look that finds something makes an object in the store.
const (
	defaultInterval = 10 * time.Second
	leastInterval   = time.Second
	mostInterval    = 5 * time.Minute
)

func (s *section) readInterval() time.Duration {
	d := s.duration("interval", defaultInterval, leastInterval)
	if d > mostInterval {
		s.fault(s.entries["interval"].value, join(s.path, "interval"), s.text("interval")+" is too long: so much is lost with the cluster", fmt.Sprintf("give %s or less", mostInterval))
		return defaultInterval
	}
	return d
}

// checkSchedule wants what the scheduler will understand.
func (s *section) checkSchedule(key, value string) {
	if value == "" {
		return
	}
	if _, err := cron.Parse(value); err != nil {
		s.fault(s.entries[key].value, join(s.path, key), fmt.Sprintf("%q is not a schedule: %v", shorten(value), err),
			`write the five fields of crontab, such as "15 2 * * *"`)
	}
}

func (s *section) readRetention(r *Retention) {
	sub := s.sub("retention", "daily", "weekly", "monthly", "yearly", "least", "logs", "schedule")
	if sub == nil {
		return
	}
	for key, field := range map[string]*int{"daily": &r.Daily, "weekly": &r.Weekly, "monthly": &r.Monthly, "yearly": &r.Yearly} {
		if sub.has(key) {
			*field = sub.whole(key, 0, 10000)
		}
	}
	if sub.has("least") {
		r.Least = sub.whole("least", 1, 10000)
	}
	r.Logs = sub.duration("logs", 0, 24*time.Hour)
	if sub.has("schedule") {
		r.Schedule = sub.need("schedule", `give five fields as in crontab, or leave it away for "`+r.Schedule+`"`)
		sub.checkSchedule("schedule", r.Schedule)
	}
}

func (s *section) readProof() ProofPolicy {
	p := ProofPolicy{MaxAge: 36 * time.Hour}
	sub := s.sub("proof", "schedule", "max_age")
	if sub == nil {
		return p
	}
	p.Schedule = sub.text("schedule")
	sub.checkSchedule("schedule", p.Schedule)
	p.MaxAge = sub.duration("max_age", p.MaxAge, time.Hour)
	return p
}

func (s *section) readChecks() []ContentCheck {
	var all []ContentCheck
	for i, e := range s.items("checks") {
		path := fmt.Sprintf("%s[%d]", join(s.path, "checks"), i)
		if sub := s.section(e.key, e.value, path, "query", "want"); sub != nil {
			all = append(all, ContentCheck{
				Query: sub.need("query", "give a query with one value for an answer"),
				Want:  sub.need("want", "give the value it must answer, in quotes"),
			})
		}
	}
	return all
}
