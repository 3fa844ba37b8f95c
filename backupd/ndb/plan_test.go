package ndb

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/goldentest"
	"github.com/kagu-db/kagu/internal/inventory"
)

func restoreOf(goal backupd.Goal, change ...func(*backupd.Restore)) backupd.Restore {
	m := backupd.Manifest{
		ID: "20261128T021500Z-native-abcdefgh", Method: backupd.Native, Begun: time.Date(2026, 11, 28, 2, 15, 0, 0, time.UTC), Ended: time.Date(2026, 11, 28, 2, 16, 0, 0, time.UTC),
		Streams: []backupd.Stream{{Name: "node-11.tar", Size: 400 << 20}, {Name: "node-12.tar", Size: 400 << 20}},
	}
	source := &shelf{streams: map[string][]byte{aboutStream: []byte(`{"keyed": ["shop.sale"]}`)}}
	m.Origin.Nodes = []string{"d1", "d2", "s1"}
	m.Position = backupd.Position{Backup: 7, Start: 110, Stop: 114, File: "binlog.000003", Offset: 99}
	m.Content = []backupd.Table{{Schema: "shop", Name: "item"}, {Schema: "shop", Name: "sale"}, {Schema: "crm", Name: "client"}}
	r := backupd.Restore{
		Cluster: inventory.Cluster{Name: "voip"}, Links: []backupd.Link{{Manifest: m, Source: source}}, Goal: goal, Scratch: inventory.Scratch{Dir: "/scratch"},
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func TestPlans(t *testing.T) {
	for name, r := range map[string]backupd.Restore{
		"scratch": restoreOf(backupd.ToScratch, func(r *backupd.Restore) { r.Dir = "/mine" }),
		"cluster": restoreOf(backupd.ToCluster, func(r *backupd.Restore) {
			r.Proofs = []backupd.Record{{Backup: "20261127T021500Z-native-abcdefgh", Evidence: &backupd.Evidence{Seconds: map[string]float64{"start": 20, "restore": 70.2}}}}
		}),
		"schema": restoreOf(backupd.ToSchema, func(r *backupd.Restore) { r.Schemas, r.Into = []string{"shop.item"}, "shop_old" }),
		"table":  restoreOf(backupd.ToSchema, func(r *backupd.Restore) { r.Schemas = []string{"shop.item"} }),
	} {
		p, err := (&Kind{}).Plan(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.MarshalIndent(p, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		goldentest.Compare(t, filepath.Join("testdata", "plan-"+name+".json"), string(text)+"\n")
	}
}

func TestRestoresThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name string
		r    backupd.Restore
		err  string
		late bool
	}{
		{name: "a data node", r: restoreOf(backupd.ToNode), err: "start it with --initial"},
		{name: "a goal that is none", r: restoreOf("moon"), err: `no restore to "moon"`},
		{name: "no schema named", r: restoreOf(backupd.ToSchema), err: "name the schemas"},
		{name: "a schema that is not in it", r: restoreOf(backupd.ToSchema, func(r *backupd.Restore) { r.Schemas = []string{"shop", "hr"} }), err: `no table of "hr"`},
		{name: "a table that is not in it", r: restoreOf(backupd.ToSchema, func(r *backupd.Restore) { r.Schemas = []string{"shop.x"} }), err: `no table of "shop.x"`},
		{name: "two schemas into one", r: restoreOf(backupd.ToSchema, func(r *backupd.Restore) { r.Schemas, r.Into = []string{"shop", "crm"}, "x" }), err: "restore one at a time"},
		{name: "a name that ndb_restore would take apart", r: restoreOf(backupd.ToSchema, func(r *backupd.Restore) { r.Schemas, r.Into = []string{"shop"}, "a,b" }), err: "plain schema"},
		{name: "foreign keys into another schema", r: restoreOf(backupd.ToSchema, func(r *backupd.Restore) { r.Schemas, r.Into = []string{"shop"}, "old" }), err: "shop.sale has foreign keys"},
		{name: "a time before its end", r: restoreOf(backupd.ToScratch, func(r *backupd.Restore) { r.Point.Time = time.Date(2026, 11, 28, 2, 15, 30, 0, time.UTC) }), err: "state of its end", late: true},
		{name: "an epoch before its end", r: restoreOf(backupd.ToScratch, func(r *backupd.Restore) { r.Point.Epoch = 113 << 32 }), err: "state of its end", late: true},
		{name: "a GTID", r: restoreOf(backupd.ToScratch, func(r *backupd.Restore) { r.Point.GTID = "0-1-2" }), err: "counts in epochs"},
		{name: "a later time", r: restoreOf(backupd.ToScratch, func(r *backupd.Restore) { r.Point.Time = time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC) }), err: "no archived binary log goes on from binlog.000003 at 99"},
		{name: "a chain of two", r: restoreOf(backupd.ToScratch, func(r *backupd.Restore) { r.Links = append(r.Links, r.Links[0]) }), err: "one native backup"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := (&Kind{}).Plan(t.Context(), c.r)
			if err == nil || !strings.Contains(err.Error(), c.err) || errors.Is(err, backupd.ErrTooLate) != c.late {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTablesThatAClusterHas(t *testing.T) {
	const said = "'10'\t'UserTable'\t'Online'\t'Yes'\t'shop'\t'def'\t'item'\n'11'\t'OrderedIndex'\t'Online'\t'No'\t'sys'\t'def'\t'PRIMARY'\n"
	got, err := tablesIn(said)
	if err != nil || len(got) != 1 || !got[table{"shop", "item"}] {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "nothing\n", "'UserTable' 'x'\n"} {
		if _, err := tablesIn(bad); err == nil {
			t.Errorf("%q was understood", bad)
		}
	}
}
