package galera

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd"
)

// The steps of plans.
const (
	stepPrepare = "prepare" // a scratch server with the content of the chain
	stepReplay  = "replay"  // archived binary logs up to the point
	stepKeep    = "keep"    // the scratch server is a human's from now on
	stepCopy    = "copy"    // from the scratch server into the cluster
	stepCarry   = "carry"   // views, routines, triggers and events, after the copies
	stepDrop    = "drop"    // the scratch server
	stepUpload  = "restore" // by kagu-node, on the host of a member
	stepStart   = "start"   // the member
	stepJoin    = "join"    // wait until it is synced
	keyInto     = "into"    // of stepCopy: the schema to write to
	keySchema   = "schema"  // of stepCopy
	keyTable    = "table"   // of stepCopy; not there: all of the schema
	keyReplace  = "replace" // of stepCopy: "yes" if tables that are there are dropped first
)

// Plan says how a restore would go. It reads manifests, and for a restore into the running cluster
// which schemas are there.
func (k Kind) Plan(ctx context.Context, r backupd.Restore) (backupd.Plan, error) {
	if err := fault(r.Links); err != nil {
		return backupd.Plan{}, err
	}
	p := backupd.Plan{Goal: r.Goal}
	for _, l := range r.Links {
		p.Backups = append(p.Backups, l.Manifest.ID)
	}
	logs, err := logsOf(r)
	if err != nil {
		return p, err
	}
	for _, l := range logs {
		p.Backups = append(p.Backups, l.Manifest.ID)
	}
	switch r.Goal {
	case backupd.ToScratch:
		err = planScratch(&p, r, logs)
	case backupd.ToSchema:
		err = planSchema(ctx, &p, r, logs)
	case backupd.ToNode:
		err = planNode(&p, r)
	case backupd.ToCluster:
		err = planCluster(&p, r)
	default:
		err = fmt.Errorf("a Galera cluster has no restore to %.40q", string(r.Goal))
	}
	if err != nil {
		return p, err
	}
	p.Until, p.Loses = reach(r)
	p.Takes, p.Basis = estimate(r, p)
	return p, nil
}

// logsOf returns the archived pieces that a restore to a point needs; none without a point.
func logsOf(r backupd.Restore) ([]backupd.Link, error) {
	last := r.Links[len(r.Links)-1].Manifest
	switch {
	case r.Point == (backupd.Point{}):
		return nil, nil
	case r.Point.Epoch != 0:
		return nil, errors.New("an epoch is a point of an NDB Cluster: give a time or a GTID")
	case !r.Point.Time.IsZero() && r.Point.GTID != "":
		return nil, errors.New("give a time or a GTID, not both")
	case !r.Point.Time.Equal(r.Point.Time.Truncate(time.Second)):
		return nil, errors.New("binary logs know whole seconds: give the time in them")
	case !r.Point.Time.IsZero() && !r.Point.Time.After(last.Ended): // its state is of some moment before it ended
		return nil, fmt.Errorf("%w: %s ended at %s", backupd.ErrTooLate, last.ID, last.Ended.UTC().Format(time.RFC3339))
	}
	return follow(last, r.Logs, r.Point, r.Reached)
}

func planScratch(p *backupd.Plan, r backupd.Restore, logs []backupd.Link) error {
	if r.Dir == "" {
		return errors.New("a restore to a scratch server needs a folder: give --dir")
	}
	p.Steps = append(onScratch(r, logs), backupd.Step{Name: stepKeep, Why: "the server stays; log in by mariadb --user=" + ownUser + " --socket=" + socketIn(serverIn(r.Dir)) +
		", and end it by SHUTDOWN there"})
	return nil
}

// onScratch are the steps that bring a state to life on a scratch server.
func onScratch(r backupd.Restore, logs []backupd.Link) []backupd.Step {
	what := "the backup"
	if n := len(r.Links); n > 1 {
		what = fmt.Sprintf("the full backup with the %d that build on it", n-1)
	}
	steps := []backupd.Step{{Name: stepPrepare, Why: fmt.Sprintf("fetch %s, and start a server of its own with it in %s", what, serverIn(r.Dir))}}
	if len(logs) > 0 {
		steps = append(steps, backupd.Step{Name: stepReplay, Why: fmt.Sprintf("carry out what %d pieces of the binary log of %s hold, %s", len(logs), nodeOf(logs[0].Manifest), pointText(r))})
	}
	return steps
}

func pointText(r backupd.Restore) string {
	if r.Point.GTID != "" {
		return "up to and with the transaction " + r.Point.GTID
	}
	return "up to the first transaction that was committed at " + r.Told(r.Point.Time) + " or later"
}

func planSchema(ctx context.Context, p *backupd.Plan, r backupd.Restore, logs []backupd.Link) error {
	if len(r.Schemas) == 0 || r.Dir == "" {
		return errors.New("name what to restore, SCHEMA or SCHEMA.TABLE, and a folder for the scratch server")
	}
	sql, _, err := writable(ctx, r.Cluster)
	if err != nil {
		return err
	}
	defer sql.Close()
	there, err := schemasOf(ctx, sql)
	if err != nil {
		return err
	}
	var copies, carried []backupd.Step
	p.Steps = onScratch(r, logs)
	for _, name := range r.Schemas {
		schema, table, _ := strings.Cut(name, ".")
		if err := inManifest(r.Links[len(r.Links)-1].Manifest, schema, table, len(logs) > 0); err != nil {
			return err
		}
		data := map[string]string{keySchema: schema, keyInto: r.Into}
		if table != "" {
			data[keyTable] = table
		}
		if r.Into == "" { // beside what is there, unless there is nothing
			data[keyInto] = schema
			if slices.Contains(there, schema) {
				data[keyInto] = schema + "_restored"
			}
		}
		if begun := begunCopy(r, schema, table); begun != nil { // a schema that is there now was not then: the copy makes sure that it is its own
			data = begun
		} else if slices.Contains(there, data[keyInto]) {
			data[keyReplace] = "yes"
			p.Consent = r.Cluster.Name + "/" + data[keyInto]
		}
		why := "write " + name + " into the schema " + data[keyInto] + " of the running cluster"
		if data[keyReplace] != "" {
			why += ", in place of the tables of the same names that are there"
		}
		step := backupd.Step{Name: stepCopy, Why: why, Data: data}
		copies = append(copies, step)
		if carries(step) {
			carried = append(carried, carryStep(step))
		}
	}
	if err := mayWrite(ctx, sql, r.Cluster.Backup.RestoreAs.User, copies); err != nil {
		return err
	}
	p.Steps = slices.Concat(p.Steps, copies, carried)
	p.Steps = append(p.Steps, backupd.Step{Name: stepDrop, Why: "the scratch server is not needed any more"})
	return nil
}

// begunCopy returns what a try that was cut short was to copy into a schema that was not there; nil if
// there was none.
func begunCopy(r backupd.Restore, schema, table string) map[string]string {
	for _, s := range r.Begun {
		as := s.Data[keyInto] == r.Into || r.Into == "" && (s.Data[keyInto] == schema || s.Data[keyInto] == schema+"_restored")
		if s.Name == stepCopy && s.Data[keySchema] == schema && s.Data[keyTable] == table && s.Data[keyReplace] == "" && as {
			return s.Data
		}
	}
	return nil
}

func inManifest(m backupd.Manifest, schema, table string, later bool) error {
	if later { // it may have been created after the backup
		return nil
	}
	for _, t := range m.Content {
		if t.Schema == schema && (table == "" || t.Name == table) {
			return nil
		}
	}
	return fmt.Errorf("%s holds no %s: kagu backup show %s %s names the schemas that it holds", m.ID, strings.TrimSuffix(schema+"."+table, "."), m.Cluster, m.ID)
}

func planNode(p *backupd.Plan, r backupd.Restore) error {
	if err := physicalAlone(r); err != nil {
		return err
	}
	n, err := member(r.Cluster, r.Node)
	if err != nil {
		return err
	}
	p.Consent = r.Cluster.Name + "/" + n.Name
	p.Steps = []backupd.Step{
		{Name: stepUpload, Node: n.Name, Why: "unpack the files on its host and put them in place of the data directory, which is set aside; kagu-node refuses while the server runs"},
		{Name: stepStart, Node: n.Name, Why: "it joins from the position of the backup"},
		{Name: stepJoin, Node: n.Name, Why: "wait until it is synced, and see that it got what was missing by IST"},
	}
	return nil
}

func planCluster(p *backupd.Plan, r backupd.Restore) error {
	if err := physicalAlone(r); err != nil {
		return err
	}
	name := r.Node
	if name == "" {
		name = r.Cluster.Nodes[0].Name
	}
	n, err := member(r.Cluster, name)
	if err != nil {
		return err
	}
	p.Consent = r.Cluster.Name + "/" + n.Name
	p.Steps = []backupd.Step{
		{Name: stepUpload, Node: n.Name, Why: "unpack the files on its host and put them in place of the data directory, which is set aside; kagu-node refuses while the server runs"},
		{
			Name: backupd.ByHand, Node: n.Name, Why: "found the cluster and let the others join: kagu never does, since it cannot know that no other member lives; it prints every command",
			Data: map[string]string{backupd.Commands: byHand(r.Cluster, n)},
		},
	}
	return nil
}

// physicalAlone wants files, and no point beyond them: those go to a member as they are.
func physicalAlone(r backupd.Restore) error {
	if r.Point != (backupd.Point{}) {
		return errors.New("files go to a member as the backup has them: restore to a scratch server for a point, look at it, and bring its schemas into a cluster by --schema, or make its files those of a new cluster's first member as docs/backup-galera.md says")
	}
	if m := r.Links[0].Manifest; m.Method != backupd.Physical {
		return fmt.Errorf("%w: %s is %s, and a member is rebuilt from a physical one", backupd.ErrUnfit, m.ID, m.Method)
	}
	return nil
}

// reach says which state comes back and what is lost by it.
func reach(r backupd.Restore) (until, loses string) {
	m := r.Links[len(r.Links)-1].Manifest
	until = "the state of " + r.Told(m.Ended)
	at := m.Ended
	if m.Position.Seqno > 0 {
		until += fmt.Sprintf(", transaction %d of the cluster", m.Position.Seqno)
	}
	switch {
	case r.Point.GTID != "":
		return "the state behind the transaction " + r.Point.GTID, "all that came after " + r.Point.GTID
	case !r.Point.Time.IsZero():
		at = r.Point.Time
		until = "the state before the first transaction that was committed at " + r.Told(at) + " or later"
	}
	if r.Goal == backupd.ToNode {
		return until + ", and then what the cluster has", "nothing: the member gets what it lacks from the cluster"
	}
	loses = "all that came later"
	if !r.Now.IsZero() {
		loses = "the last " + r.Now.Sub(at).Round(time.Second).String()
	}
	return until, loses
}

// assumed is how many bytes a second a restore brings back of which nothing was measured.
const assumed = 50 << 20

// estimate says how long it takes. A proof restore has done most of it.
func estimate(r backupd.Restore, p backupd.Plan) (time.Duration, string) {
	var bytes int64
	for _, l := range r.Links {
		bytes += l.Manifest.Plain()
	}
	for _, record := range r.Proofs {
		if record.Evidence == nil || len(record.Chain) == 0 || record.Chain[0] != r.Links[0].Manifest.ID {
			continue
		}
		var seconds float64
		for stage, s := range record.Evidence.Seconds {
			if stage != stageCheck {
				seconds += s
			}
		}
		return time.Duration(seconds * float64(time.Second)).Round(time.Second), fmt.Sprintf("the proof restore of %s took so long on %s, binary logs not counted",
			record.Backup, record.Ended.UTC().Format("2006-01-02"))
	}
	takes := time.Duration(float64(bytes) / assumed * float64(time.Second))
	return takes.Round(time.Second), fmt.Sprintf("nothing was measured: %d MB at an assumed %d MB/s", bytes>>20, assumed>>20)
}
