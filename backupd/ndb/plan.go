package ndb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd"
)

// The steps of restores.
const (
	stepFetch   = "fetch"
	stepScratch = "throw-away cluster"
	stepDefine  = "define"
	stepReplay  = "replay"
	stepEmpty   = "nothing there"
	stepTables  = "tables"
	stepRows    = "rows"
	stepIndexes = "indexes"
)

// Plan says how a restore would go.
func (k *Kind) Plan(ctx context.Context, r backupd.Restore) (backupd.Plan, error) {
	if len(r.Links) != 1 || r.Links[0].Manifest.Method != backupd.Native {
		return backupd.Plan{}, errors.New("an NDB cluster is restored from one native backup")
	}
	m := r.Links[0].Manifest
	if _, err := nodesOf(m); err != nil {
		return backupd.Plan{}, err
	}
	p := backupd.Plan{
		Goal: r.Goal, Backups: []string{m.ID},
		Until: fmt.Sprintf("the end of the backup, %s, global checkpoint %d", r.Told(m.Ended), m.Position.Stop),
		Loses: "what was written since",
	}
	if err := reaches(m, r.Point); err != nil {
		return backupd.Plan{}, err
	}
	var err error
	switch r.Goal {
	case backupd.ToScratch:
		err = planScratch(ctx, r, m, &p)
	case backupd.ToCluster:
		planCluster(r, m, &p)
	case backupd.ToSchema:
		err = planSchema(ctx, r, m, &p)
	case backupd.ToNode:
		err = errors.New("a data node is not restored from a backup: while another node of its group is started, start it with --initial and it copies its data from that one")
	default:
		err = fmt.Errorf("an NDB cluster has no restore to %q", r.Goal)
	}
	if r.Point != (backupd.Point{}) && r.Goal != backupd.ToScratch {
		err = errors.Join(err, errors.New("a point in time is restored to a scratch cluster: look at it there, and bring over what is wanted"))
	}
	p.Takes, p.Basis = estimate(m, r.Proofs)
	return p, err
}

// reaches says why a backup does not lead to a point. It holds the state of its end.
func reaches(m backupd.Manifest, to backupd.Point) error {
	switch {
	case to.GTID != "":
		return errors.New("an NDB cluster counts in epochs: name an epoch or a time")
	case to.Epoch != 0 && to.Epoch < lastEpoch(m.Position.Stop), !to.Time.IsZero() && to.Time.Before(m.Ended):
		return fmt.Errorf("%w: it holds the state of its end, %s, global checkpoint %d", backupd.ErrTooLate, m.Ended.UTC().Format(time.RFC3339), m.Position.Stop)
	}
	return nil
}

func planScratch(ctx context.Context, r backupd.Restore, m backupd.Manifest, p *backupd.Plan) error {
	p.Steps = []backupd.Step{
		{Name: stepFetch, Why: fmt.Sprintf("unpack the parts of %s into %s", m.ID, folder(r))},
		{Name: stepScratch, Why: "start a management server, a data node and an SQL node on loopback, restore tables, rows and indexes, and leave them running"},
		{Name: stepDefine, Why: "views, routines, triggers, events, accounts and grants"},
	}
	if r.Point == (backupd.Point{}) {
		return nil
	}
	if err := reachedBy(m, r.Logs, r.Point); err != nil {
		return err
	}
	pieces, _ := piecesOf(m, r.Logs)
	if err := unbroken(ctx, m, pieces, r.Point); err != nil {
		return err
	}
	// After the definitions: the log changes accounts, views and routines as well, and what triggers
	// did is in it as rows, which fire no trigger.
	replay := backupd.Step{Name: stepReplay, Why: fmt.Sprintf("carry out the binary log of %s from %s at %d on, %d pieces",
		pieces[0].Manifest.Origin.Nodes[0], m.Position.File, m.Position.Offset, len(pieces))}
	p.Steps = append(p.Steps, replay)
	p.Until, p.Loses = fmt.Sprintf("epoch %d, and with it", r.Point.Epoch), "what was written after it"
	if !r.Point.Time.IsZero() {
		p.Until, p.Loses = "what was committed before "+r.Told(r.Point.Time), "what was committed from that second on"
	}
	for _, l := range pieces {
		p.Backups = append(p.Backups, l.Manifest.ID)
	}
	return nil
}

func planCluster(r backupd.Restore, m backupd.Manifest, p *backupd.Plan) {
	p.Consent = r.Cluster.Name
	p.Steps = []backupd.Step{
		{Name: stepFetch, Why: fmt.Sprintf("unpack the parts of %s into %s, with "+configFile+", "+definitionsFile+" and "+eventsFile+" beside them", m.ID, folder(r))},
		{Name: stepEmpty, Why: "by hand: keep what is there of the old cluster, start the management servers with --initial and your config.ini, then every data node with --initial, and the SQL nodes; kagu waits, and goes on when all data nodes are started and hold none of the tables"},
		{Name: stepTables, Why: "ndb_restore makes the tables, once"},
		{Name: stepRows, Why: "ndb_restore brings the rows of each part in, side by side"},
		{Name: stepIndexes, Why: "ndb_restore builds the indexes and foreign keys and writes the epoch; after it, by hand: mysql --binary-mode --comments < " + definitionsFile + " on every SQL node, and " + eventsFile + " on the one that shall carry events out"},
	}
}

func planSchema(ctx context.Context, r backupd.Restore, m backupd.Manifest, p *backupd.Plan) error {
	schemas, err := schemasOf(r, m)
	if err == nil && r.Into != "" {
		err = keysStay(ctx, r)
	}
	if err != nil {
		return err
	}
	to := strings.Join(schemas, ", ")
	if r.Into != "" {
		to = r.Into
	}
	what := strings.Join(r.Schemas, ", ")
	p.Steps = []backupd.Step{
		{Name: stepFetch, Why: fmt.Sprintf("unpack the parts of %s into %s", m.ID, folder(r))},
		{Name: stepEmpty, Why: "make sure that schema " + to + " of the running cluster has none of the tables: nothing is overwritten"},
		{Name: stepTables, Why: "ndb_restore makes the tables of " + what + " in " + to},
		{Name: stepRows, Why: "ndb_restore brings their rows in"},
		{Name: stepIndexes, Why: "ndb_restore builds their indexes; SQL nodes find the tables within a minute by themselves. Views, routines and triggers are in " + definitionsFile + " of the folder"},
	}
	p.Loses = "nothing that is there: tables that exist are not touched"
	return nil
}

// schemasOf returns the schemas that a restore of schemas or tables is about.
func schemasOf(r backupd.Restore, m backupd.Manifest) ([]string, error) {
	var schemas []string
	for _, want := range r.Schemas {
		schema, name, one := strings.Cut(want, ".")
		known := slices.ContainsFunc(m.Content, func(t backupd.Table) bool { return t.Schema == schema && (!one || t.Name == name) })
		if !known {
			return nil, fmt.Errorf("backup %s holds no table of %q", m.ID, want)
		}
		if strings.ContainsAny(want, ", \t\n") {
			return nil, fmt.Errorf("ndb_restore cannot be told of %q: restore to scratch, and dump it from there", want)
		}
		if !slices.Contains(schemas, schema) {
			schemas = append(schemas, schema)
		}
	}
	switch {
	case len(schemas) == 0:
		return nil, errors.New("name the schemas, or SCHEMA.TABLE, that are to be restored")
	case r.Into != "" && len(schemas) > 1:
		return nil, fmt.Errorf("%d schemas cannot all become %s: restore one at a time", len(schemas), r.Into)
	case strings.ContainsAny(r.Into, ", \t\n./"):
		return nil, fmt.Errorf("ndb_restore cannot be told to write into %q: name a plain schema", r.Into)
	}
	return schemas, nil
}

// keysStay refuses to restore tables with foreign keys under another schema. Seen with 9.7.2:
// ndb_restore leaves the keys out, and no SQL node then takes the table.
func keysStay(ctx context.Context, r backupd.Restore) error {
	about, err := readAbout(ctx, r.Links[0].Source)
	if err != nil {
		return err
	}
	var keyed []string
	for _, t := range r.Links[0].Manifest.Content {
		if name := t.Schema + "." + t.Name; wanted(r, t) && slices.Contains(about.Keyed, name) {
			keyed = append(keyed, name)
		}
	}
	if len(keyed) > 0 {
		return fmt.Errorf("%s has foreign keys, which ndb_restore does not bring into another schema: restore to scratch and dump what is wanted from there, or name the tables that have none", strings.Join(keyed, ", "))
	}
	return nil
}

// folder is where a restore keeps what it needs.
func folder(r backupd.Restore) string {
	if r.Dir != "" {
		return filepath.Join(r.Dir, "ndb")
	}
	return filepath.Join(r.Scratch.Dir, "restore-"+r.Links[0].Manifest.ID)
}

// estimate says how long a restore takes, from the newest proof of the cluster if there is one.
func estimate(m backupd.Manifest, proofs []backupd.Record) (time.Duration, string) {
	for _, r := range proofs {
		if r.Evidence == nil {
			continue
		}
		var seconds float64
		for _, s := range r.Evidence.Seconds {
			seconds += s
		}
		return time.Duration(seconds * float64(time.Second)).Round(time.Second), fmt.Sprintf("the proof of %s at %s", r.Backup, r.Ended.UTC().Format(time.RFC3339))
	}
	const servers, rate = time.Minute, 20 << 20 // bytes a second
	return (servers + time.Duration(m.Plain()/rate)*time.Second).Round(time.Second), "a guess: a minute and 20 MB a second; no backup of this cluster was proven yet"
}
