package main

import (
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/goldentest"
	"github.com/kagu-db/kagu/internal/inventory"
)

// morning is when the listings are read.
var morning = time.Date(2026, 3, 2, 9, 20, 0, 0, time.UTC)

func at(day, hour, minute int) time.Time {
	return time.Date(2026, 3, day, hour, minute, 0, 0, time.UTC)
}

// taken is a backup that took ten minutes.
func taken(id string, method backupd.Method, begun time.Time, mb int64, records ...backupd.Record) backupd.Entry {
	m := backupd.Manifest{
		ID: id, Cluster: "backoffice", Method: method, Begun: begun, Ended: begun.Add(10 * time.Minute),
		Streams: []backupd.Stream{{Name: "data", Size: 3 * mb * 1e6, Parts: []backupd.Part{{Size: mb * 1e6, Plain: 3 * mb * 1e6}}}},
	}
	m.Origin = backupd.Origin{Nodes: []string{"db2"}, Server: "10.11.6-MariaDB"}
	return backupd.Entry{Manifest: m, Records: records, Stores: []string{"main"}}
}

func changes(id, base string, begun time.Time, records ...backupd.Record) backupd.Entry {
	e := taken(id, backupd.Incremental, begun, 40, records...)
	e.Manifest.Base = base
	return e
}

func archived(n int, from, to uint64, read time.Time) backupd.Entry {
	e := taken("log-"+read.Format("0215"), backupd.Binlog, read, 5)
	file := func(n int) string { return "binlog.00000" + string(rune('0'+n)) }
	e.Manifest.Origin.Nodes = []string{"db1"}
	e.Manifest.From = &backupd.Position{File: file(n), Offset: from}
	e.Manifest.Position = backupd.Position{File: file(n), Offset: to, Time: read}
	return e
}

func looked(look backupd.Look, ended time.Time, good bool, said string, chain ...string) backupd.Record {
	r := backupd.Record{Look: look, Ended: ended, Good: good, Said: said, By: "schedule", Chain: chain}
	if look == backupd.Proven {
		r.Evidence = &backupd.Evidence{
			Server: "10.11.6-MariaDB", Seconds: map[string]float64{"fetch": 20, "start": 21},
			Checks: []backupd.Check{{Name: "tables are there", Good: true, Said: "214 of 214 tables"}, {Name: "rows", Good: good, Said: said}},
		}
	}
	return r
}

func read(ended time.Time) backupd.Record { return looked(backupd.Opened, ended, true, "read back") }

func listing(kind cluster.Kind, entries ...backupd.Entry) backupd.Listing {
	return backupd.List(inventory.Cluster{Name: "backoffice", Kind: kind, Backup: &inventory.Backup{Zone: time.UTC}}, entries)
}

func TestBackupList(t *testing.T) {
	failing := listing(cluster.KindGalera, taken("a", backupd.Physical, at(1, 2, 0), 12_300, read(at(1, 2, 15))))
	failing.Failed = &backupd.Run{Ended: at(2, 2, 1), Stage: "take", Error: "db2: mariadb-backup said " + hostile}
	failing.Running = []backupd.Run{{What: backupd.Taking, Begun: at(2, 9, 17), Stage: "take", Plain: 1_200_000_000, By: "ana"}}
	damaged := listing(cluster.KindGalera, taken("b", backupd.Physical, at(2, 2, 0), 12_300, read(at(2, 2, 15)), looked(backupd.Proven, at(2, 6, 20), true, "good")))
	damaged.Damaged = []string{"manifest of a in main is damaged: its signature is not that of a key we trust " + hostile}
	good := listing(
		cluster.KindGalera, archived(1, 0, 100, at(1, 1, 0)),
		taken("20260301T020000Z-physical-aaaaaaaa", backupd.Physical, at(1, 2, 0), 12_300, read(at(1, 2, 15))),
		changes("20260302T020000Z-incremental-bbbbbbbb", "20260301T020000Z-physical-aaaaaaaa", at(2, 2, 0), read(at(2, 2, 12)),
			looked(backupd.Proven, at(2, 6, 20), true, "good", "20260301T020000Z-physical-aaaaaaaa", "20260302T020000Z-incremental-bbbbbbbb")),
		taken("20260302T040000Z-logical-cccccccc", backupd.Logical, at(2, 4, 0), 900, read(at(2, 4, 30))),
		archived(2, 0, 100, at(2, 9, 14)),
	)
	elsewhere := good
	elsewhere.Zone = "Pacific/Noumea"
	for _, c := range []struct {
		name    string
		listing backupd.Listing
		width   int // of the terminal
	}{
		{name: "nothing", listing: listing(cluster.KindGalera)},
		{name: "good", listing: good},
		{name: "narrow", listing: good, width: 80},
		{name: "elsewhere", listing: elsewhere, width: 200},
		{name: "ndb", listing: listing(cluster.KindNDB, taken("20260302T020000Z-native-dddddddd", backupd.Native, at(2, 2, 0), 4_100, looked(backupd.Sealed, at(2, 2, 12), true, "digests")))},
		{name: "failing", listing: failing},
		{name: "broken_chain", listing: listing(
			cluster.KindGalera, archived(1, 0, 100, at(1, 1, 0)),
			changes("20260302T020000Z-incremental-bbbbbbbb", "20260301T020000Z-physical-aaaaaaaa", at(2, 2, 0), read(at(2, 2, 12))),
			taken("20260302T040000Z-physical-eeeeeeee", backupd.Physical, at(2, 4, 0), 12_000, read(at(2, 4, 30)), looked(backupd.Proven, at(2, 6, 0), false, "rows: billing.invoices has 41 rows of 42 "+hostile)),
			archived(3, 0, 100, at(2, 9, 14)),
		)},
		{name: "damaged", listing: damaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			printListing(&out, c.listing, morning, c.width)
			goldentest.Compare(t, "testdata/backup_list_"+c.name+".txt", out.String())
			same(t, out.String(), out.String()) // nothing that a terminal would obey
		})
	}
}

func TestTheExamplesOfRestoreStandInItsOwnHelp(t *testing.T) {
	help := func(command string) string {
		var out strings.Builder
		app := kingpin.New("kagu", "").UsageTemplate(usage).UsageWriter(&out).Terminate(func(int) {})
		addBackup(app, &session{})
		_, _ = app.Parse(append(strings.Fields(command), "--help")) // which goes on where it would end
		return out.String()
	}
	if own := help("backup restore"); !strings.Contains(own, restoreExamples) {
		t.Errorf("got %s", own)
	}
	if list := help("backup"); strings.Contains(list, "/srv/look") || !strings.Contains(list, "backup restore") {
		t.Errorf("got %s", list)
	}
}

func TestBackupShow(t *testing.T) {
	entries := []backupd.Entry{
		taken("20260301T020000Z-physical-aaaaaaaa", backupd.Physical, at(1, 2, 0), 12_300),
		changes("20260302T020000Z-incremental-bbbbbbbb", "20260301T020000Z-physical-aaaaaaaa", at(2, 2, 0), read(at(2, 2, 12)), looked(backupd.Proven, at(2, 6, 20), false, "41 rows of 42 "+hostile)),
	}
	m := &entries[1].Manifest
	m.Position = backupd.Position{UUID: "6a1f-3c", Seqno: 1234, GTID: "0-1-77", File: "binlog.000002", Offset: 4096}
	m.Notes = []string{"a table was altered meanwhile: " + hostile}
	m.Sealing.Recipients = []string{"age1x"}
	m.Content = []backupd.Table{{Schema: "crm", Name: "people"}, {Schema: "billing", Name: "invoices"}, {Schema: "billing", Name: "lines"}}
	b, err := backupd.Show(entries, "backoffice", m.ID)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	printBackup(&out, b, morning)
	goldentest.Compare(t, "testdata/backup_show.txt", out.String())
	same(t, out.String(), out.String())
}

func TestBackupPruneScheduleRuns(t *testing.T) {
	var out strings.Builder
	printPrune(&out, []backupd.PrunePlan{{
		Cluster: "backoffice", Store: "main", Free: 13_000_000_000,
		Decisions: []backupd.Decision{
			{Held: backupd.Held{ID: "a", Method: backupd.Physical, Begun: at(1, 2, 0), Stored: 12_300_000_000}, Why: "past the policy"},
			{Held: backupd.Held{ID: "l", Method: backupd.Binlog, Begun: at(2, 1, 0), Stored: 5}, Keep: true, Why: "a kept backup"},
			{Held: backupd.Held{ID: "m", Method: backupd.Binlog, Begun: at(2, 2, 0), Stored: 1_000}, Why: "all of it is in p"},
			{Held: backupd.Held{ID: "n", Method: backupd.Binlog, Begun: at(2, 2, 1), Stored: 2_000}, Why: "all of it is in p"},
			{Held: backupd.Held{ID: "q", Method: backupd.Binlog, Begun: at(2, 3, 0), Stored: 4_000}, Why: "all of it is in r"},
			{Held: backupd.Held{ID: "b", Unreadable: "x"}, Keep: true, Why: "its manifest cannot be read: " + hostile},
		},
		Orphans: []backupd.Orphan{{ID: "o", Newest: at(1, 0, 0), Size: 700_000_000, Remove: true, Why: "no manifest names it"}},
	}}, morning)
	printSchedule(&out, []backupd.Planned{
		{Cluster: "backoffice", Job: "full", What: backupd.Taking, Schedule: "0 2 * * 0", Zone: "UTC", Next: at(8, 2, 0)},
		{Cluster: "backoffice", Job: "@proof", What: backupd.Proving, Schedule: "0 6 * * *", Zone: "UTC", Next: at(3, 6, 0), Waiting: "another job of the cluster runs " + hostile},
		{Cluster: "backoffice", Job: "@prune", What: backupd.Pruning, Schedule: "0 7 * * *", Zone: "UTC", Missed: "backupd did not run"},
	}, morning)
	printSchedule(&out, nil, morning)
	printRuns(&out, []backupd.Run{
		{ID: 3, Cluster: "backoffice", Job: "full", What: backupd.Taking, By: "ana", Begun: at(2, 9, 17), Stage: "take"},
		{ID: 2, Cluster: "backoffice", What: backupd.Proving, By: "schedule", Begun: at(2, 6, 0), Ended: at(2, 6, 20), Stage: "keep"},
		{ID: 1, Cluster: "backoffice", Job: "full", What: backupd.Taking, By: "alert " + hostile, Begun: at(1, 2, 0), Ended: at(1, 2, 1), Stage: "take", Error: "no space left"},
	}, morning)
	printRuns(&out, nil, morning)
	goldentest.Compare(t, "testdata/backup_tables.txt", out.String())
	same(t, out.String(), out.String())
}

func TestWordsForTimeAndSize(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{howLong(900 * time.Millisecond), "under 1 s"},
		{howLong(41 * time.Second), "41 s"},
		{howLong(90 * time.Minute), "90 min"},
		{howLong(26 * time.Hour), "26 h"},
		{howLong(72 * time.Hour), "3 days"},
		{clock(morning, at(2, 2, 15)), "02:15"},
		{clock(morning, at(1, 2, 15)), "Sun 02:15"},
		{clock(morning, morning.AddDate(0, 0, -30)), "2026-01-31 09:20"},
		{since(morning, morning.Add(time.Hour)), "in the future"},
		{size(999), "999 B"},
		{size(12_300_000), "12.3 MB"},
		{size(999_950), "1.0 MB"},
		{size(9_200_000_000_000_000_000), "9.2 EB"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
