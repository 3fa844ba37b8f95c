package galera

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/binlog"
)

// begun is when the archive of these tests begins.
var begun = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// archive makes pieces out of words: "n3 log.000007 0 500 0-1-40 30" is a piece of n3 that goes to
// the transaction 40 and second 30. A "!" in front begins a new line.
func archived(texts ...string) []backupd.Link {
	var all []backupd.Link
	for i, text := range texts {
		m := backupd.Manifest{ID: fmt.Sprint(i), Method: backupd.Binlog}
		if rest, found := strings.CutPrefix(text, "!"); found {
			m.Notes, text = []string{binlog.NoteNew + "there was none before"}, rest
		}
		var node, file, gtid string
		var from, to uint64
		var second int
		if _, err := fmt.Sscan(text, &node, &file, &from, &to, &gtid, &second); err != nil {
			panic(err)
		}
		m.Origin.Nodes = []string{node}
		m.From = &backupd.Position{File: file, Offset: from}
		if i > 0 && from == 0 && len(m.Notes) == 0 { // it comes from the file before
			before := all[i-1].Manifest.Position
			m.From.File, m.From.Offset = before.File, before.Offset
		}
		m.Position = backupd.Position{UUID: "u", File: file, Offset: to, GTID: gtid, Time: begun.Add(time.Duration(second) * time.Second)}
		m.Begun = begun.Add(time.Duration(second) * time.Second)
		m.Ended = m.Begun.Add(time.Second)
		all = append(all, backupd.Link{Manifest: m})
	}
	return all
}

// idleUntil makes "n3 log.000008 800 60" what the archive knew at second 60.
func idleUntil(text string) *backupd.Reached {
	if text == "" {
		return nil
	}
	r := &backupd.Reached{}
	var second int
	if _, err := fmt.Sscan(text, &r.Node, &r.File, &r.Offset, &second); err != nil {
		panic(err)
	}
	r.At = begun.Add(time.Duration(second) * time.Second)
	return r
}

func TestArchivedLogsThatLeadToAPoint(t *testing.T) {
	at := func(second int) backupd.Point {
		return backupd.Point{Time: begun.Add(time.Duration(second) * time.Second)}
	}
	base := func(node, file string, offset uint64) backupd.Manifest {
		return backupd.Manifest{ID: "base", Ended: begun.Add(40 * time.Second), Facts: backupd.Facts{Origin: backupd.Origin{Nodes: []string{node}}, Position: backupd.Position{File: file, Offset: offset, UUID: "u", Seqno: 40}}}
	}
	later := archived("!n3 log.000006 0 700 0-1-50 9000", "n3 log.000007 0 400 0-1-60 9100", "n3 log.000007 400 900 0-1-70 9200")
	otherCluster := archived("!n3 log.000007 0 500 0-1-10 10", "n3 log.000007 500 900 0-1-20 50")
	for i := range otherCluster {
		otherCluster[i].Manifest.Position.UUID = "v"
	}
	closed := archived("!n3 log.000008 0 340 0-0-0 0")[0]
	closed.Manifest.Position.Time, closed.Manifest.Position.GTID = time.Time{}, ""
	tail := archived("!n3 log.000008 0 300 0-1-30 30", "n3 log.000008 300 340 0-0-0 31")
	tail[1].Manifest.Position.Time, tail[1].Manifest.Position.GTID = time.Time{}, ""
	whole := archived("!n3 log.000007 0 500 0-1-10 10", "n3 log.000007 500 900 0-1-20 20", "n3 log.000008 0 300 0-1-30 30", "n3 log.000008 300 800 0-1-40 40")
	for _, c := range []struct {
		name string
		logs []backupd.Link
		base backupd.Manifest
		to   backupd.Point
		idle string // up to which second it is known that nothing was written behind a place
		want string // IDs of pieces
		err  string
	}{
		{name: "from the begin of the file that holds the state", logs: whole, base: base("n3", "log.000007", 600), to: at(35), want: "0 1 2 3"},
		{name: "and no file before", logs: whole, base: base("n3", "log.000008", 300), to: at(35), want: "2 3"},
		{name: "no further than the point", logs: whole, base: base("n3", "log.000007", 4), to: at(15), want: "0 1"},
		{name: "a transaction", logs: whole, base: base("n3", "log.000007", 4), to: backupd.Point{GTID: "0-1-20"}, want: "0 1"},
		{name: "the second of the newest transaction: none of it is wanted, and all before is here", logs: whole, base: base("n3", "log.000008", 300), to: at(40), want: "2 3"},
		{name: "a second later: what was committed in it may come with a piece that was not stored yet, whenever this one was", logs: whole, base: base("n3", "log.000008", 300), to: at(41), err: "12:00:40Z, which is 1s too early: give a time up to that"},
		{name: "a file that was closed is no later transaction", logs: tail, base: base("n3", "log.000008", 300), to: at(31), err: "12:00:30Z, which is 1s too early"},
		{name: "no transaction at all", logs: []backupd.Link{closed}, base: base("n3", "log.000008", 300), to: at(31), err: "hold no transaction, and nothing tells how far they go"},
		{name: "a point that is not archived yet", logs: whole, base: base("n3", "log.000008", 300), to: at(60), err: "12:00:40Z, which is 20s too early"},
		{name: "nothing was written since, and that is known", logs: whole, base: base("n3", "log.000008", 300), to: at(60), idle: "n3 log.000008 800 60", want: "2 3"},
		{name: "known, but not so far", logs: whole, base: base("n3", "log.000008", 300), to: at(60), idle: "n3 log.000008 800 59", err: "12:00:59Z, which is 1s too early, and nothing had been written by then since 2026-11-28T12:00:40Z"},
		{name: "something was written that is not here", logs: whole, base: base("n3", "log.000008", 300), to: at(60), idle: "n3 log.000008 900 90", err: "12:00:40Z, which is 20s too early: give"},
		{name: "known of the log of another member", logs: whole, base: base("n3", "log.000008", 300), to: at(60), idle: "n2 log.000008 800 90", err: "12:00:40Z, which is 20s too early: give"},
		{name: "a transaction that is not", logs: whole, base: base("n3", "log.000008", 300), to: backupd.Point{GTID: "0-1-41"}, err: "go to 0-1-40"},
		{name: "no GTID", logs: whole, base: base("n3", "log.000008", 300), to: backupd.Point{GTID: "uuid:4"}, err: "is not the GTID of a transaction"},
		{name: "another member: all of the line, the place is found in it", logs: whole, base: base("n1", "other.000001", 5), to: at(15), want: "0 1"},
		{name: "another member that says no number", logs: whole, base: backupd.Manifest{ID: "base", Facts: backupd.Facts{Origin: backupd.Origin{Nodes: []string{"n1"}}}}, to: at(15), err: "cannot be joined"},
		{name: "the state is before the line", logs: whole, base: base("n3", "log.000006", 600), to: at(35), err: "do not hold log.000006 at 600"},
		{name: "the state is behind the line", logs: whole, base: base("n3", "log.000008", 900), to: at(35), err: "do not hold log.000008 at 900"},
		{name: "the end of a file is missing", logs: append(whole[:1:1], whole[2:]...), base: base("n3", "log.000007", 4), to: at(35), err: "12:00:10Z, which is 25s too early"},
		{name: "the begin of one", logs: append(whole[:2:2], whole[3:]...), base: base("n3", "log.000007", 4), to: at(35), err: "12:00:20Z, which is 15s too early"},
		{name: "the begin of the file is missing", logs: whole[1:2], base: base("n3", "log.000007", 600), to: at(15), err: "lack the begin of log.000007"},
		{name: "a new line does not go on with the old one, whatever its numbers are", logs: archived("!n3 log.000007 0 500 0-1-10 10", "!n3 log.000008 0 500 0-1-20 20"), base: base("n3", "log.000007", 4), to: at(15), err: "too early"},
		{name: "of two lines the one that leads there", logs: append(archived("!n2 b.000001 0 500 0-1-10 10"), whole...), base: base("n3", "log.000007", 4), to: at(35), want: "0 1 2 3"},
		{name: "the member was rebuilt after the backup, and its files have the same names again", logs: later, base: base("n3", "log.000007", 600), to: at(9150), err: "of another time: log.000006 was written at"},
		{name: "what was written before that leads no further", logs: append(archived("!n3 log.000007 0 500 0-1-10 10", "n3 log.000007 500 900 0-1-20 20"), later...), base: base("n3", "log.000007", 600), to: at(9150), err: "12:00:20Z, which is 2h32m10s too early"},
		{name: "a cluster that was founded anew", logs: otherCluster, base: base("n3", "log.000007", 600), to: at(35), err: "of another cluster (v) than the backup (u)"},
		{name: "founded anew, and the backup is of another member", logs: otherCluster, base: base("n1", "other.000001", 5), to: at(35), err: "of another cluster (v)"},
		{name: "nothing", base: base("n3", "log.000007", 4), to: at(15), err: "a job of method binlog archives them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := follow(c.base, c.logs, c.to, idleUntil(c.idle))
			var ids []string
			for _, l := range got {
				ids = append(ids, l.Manifest.ID)
			}
			if text := strings.Join(ids, " "); text != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q, %v; want %q, %q", text, err, c.want, c.err)
			}
		})
	}
}

func TestALineGoesOnWithTheNextFile(t *testing.T) {
	n3 := func(galera bool, uuid string) source {
		return source{Server: binlog.Server{Name: "n3", Of: uuid}, galera: galera}
	}
	for _, c := range []struct {
		name string
		of   source
		err  string
		anew bool
	}{
		{name: "of the same cluster", of: n3(true, "u")},
		{name: "a cluster that was founded anew begins a new line", of: n3(true, "v"), err: "founded anew", anew: true},
		{name: "a member of no cluster waits", of: n3(true, ""), err: "n3 is not part of its cluster at the moment"},
		{name: "a member without Galera begins a new line", of: n3(false, ""), err: "founded anew", anew: true},
	} {
		l := binlog.Line{Node: "n3", File: "log.000007", Offset: 900, In: "log.000007", Mark: binlog.Mark{Of: "u", At: 4, Sum: "5"}}
		err := next(&l, "log.000008", c.of)
		if _, anew := errors.AsType[*binlog.OtherError](err); (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || anew != c.anew {
			t.Errorf("%s: %v", c.name, err)
		}
		if want := (binlog.Line{Node: "n3", File: "log.000008", In: "log.000008", Mark: binlog.Mark{Of: "u"}}); err == nil && l != want {
			t.Errorf("%s: %+v", c.name, l)
		}
	}
}

func TestPlans(t *testing.T) {
	full := backupd.Link{Manifest: backupd.Manifest{ID: "full", Method: backupd.Physical, Ended: begun, Facts: backupd.Facts{
		Origin: backupd.Origin{Nodes: []string{"n3"}}, Position: backupd.Position{File: "log.000007", Offset: 4, ToLSN: 9, UUID: "u", Seqno: 7},
	}}}
	c := clusterNamed("n1", "n2", "n3")
	logs := archived("!n3 log.000007 0 500 0-1-10 10")
	for _, r := range []struct {
		name string
		r    backupd.Restore
		want string
		err  string
		is   error
	}{
		{name: "a scratch server", r: backupd.Restore{Goal: backupd.ToScratch, Dir: "/d"}, want: "prepare keep"},
		{name: "to a point", r: backupd.Restore{Goal: backupd.ToScratch, Dir: "/d", Point: backupd.Point{Time: begun.Add(5 * time.Second)}}, want: "prepare replay keep"},
		{name: "no folder", r: backupd.Restore{Goal: backupd.ToScratch}, err: "give --dir"},
		{name: "before the backup", r: backupd.Restore{Goal: backupd.ToScratch, Dir: "/d", Point: backupd.Point{Time: begun}}, is: backupd.ErrTooLate, err: "later state"},
		{name: "half a second", r: backupd.Restore{Goal: backupd.ToScratch, Dir: "/d", Point: backupd.Point{Time: begun.Add(time.Second / 2)}}, err: "whole seconds"},
		{name: "an epoch", r: backupd.Restore{Goal: backupd.ToScratch, Dir: "/d", Point: backupd.Point{Epoch: 4}}, err: "NDB"},
		{name: "a member", r: backupd.Restore{Goal: backupd.ToNode, Node: "n2"}, want: "restore start join"},
		{name: "a member that is not in kagu.yaml", r: backupd.Restore{Goal: backupd.ToNode, Node: "n4"}, err: `no member "n4"`},
		{name: "a member to a point", r: backupd.Restore{Goal: backupd.ToNode, Node: "n2", Point: backupd.Point{Time: begun.Add(5 * time.Second)}}, err: "restore to a scratch server for a point"},
		{name: "a new cluster: no step founds it", r: backupd.Restore{Goal: backupd.ToCluster}, want: "restore by hand"},
		{name: "something else", r: backupd.Restore{Goal: "moon"}, err: "no restore to"},
	} {
		t.Run(r.name, func(t *testing.T) {
			r.r.Cluster, r.r.Links, r.r.Logs = c, []backupd.Link{full}, logs
			p, err := Kind{}.Plan(t.Context(), r.r)
			var steps []string
			for _, s := range p.Steps {
				steps = append(steps, s.Name)
			}
			if (err == nil) != (r.err == "") || err != nil && !strings.Contains(err.Error(), r.err) || r.is != nil && !errors.Is(err, r.is) || err == nil && strings.Join(steps, " ") != r.want {
				t.Errorf("%v, %v", steps, err)
			}
			if err == nil && (p.Until == "" || p.Loses == "" || p.Basis == "" || (p.Consent != "") != (r.r.Goal != backupd.ToScratch)) {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestGrantsWithoutWhatLogsIn(t *testing.T) {
	for grant, want := range map[string]string{
		"GRANT USAGE ON *.* TO `a`@`%`":                                                                      "GRANT USAGE ON *.* TO `a`@`%`",
		"GRANT ALL ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*F' WITH GRANT OPTION":                          "GRANT ALL ON *.* TO `a`@`%` WITH GRANT OPTION",
		"GRANT ALL ON *.* TO `a`@`%` IDENTIFIED VIA unix_socket OR ed25519 USING ' WITH ' REQUIRE SSL":       "GRANT ALL ON *.* TO `a`@`%` REQUIRE SSL",
		"GRANT SELECT ON `x IDENTIFIED BY `.* TO `it's`@`%`":                                                 "GRANT SELECT ON `x IDENTIFIED BY `.* TO `it's`@`%`",
		"GRANT SELECT ON `x`.* TO `a`@`%` IDENTIFIED BY PASSWORD 'q\\' WITH x' WITH MAX_USER_CONNECTIONS 10": "GRANT SELECT ON `x`.* TO `a`@`%` WITH MAX_USER_CONNECTIONS 10",
	} {
		if got := withoutIdentity(grant); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", grant, got, want)
		}
	}
}

func TestACopyThatWasCutShort(t *testing.T) {
	begun := []backupd.Step{
		{Name: stepPrepare},
		{Name: stepCopy, Data: map[string]string{keySchema: "shop", keyInto: "shop"}},
		{Name: stepCopy, Data: map[string]string{keySchema: "crm", keyInto: "crm_restored", keyTable: "people"}},
		{Name: stepCopy, Data: map[string]string{keySchema: "billing", keyInto: "billing", keyReplace: "yes"}},
	}
	for _, c := range []struct{ name, schema, table, into, want string }{
		{name: "is gone on with", schema: "shop", want: "shop"},
		{name: "under the name that was given", schema: "shop", into: "shop", want: "shop"},
		{name: "not under another one", schema: "shop", into: "shop2"},
		{name: "beside what is there", schema: "crm", table: "people", want: "crm_restored"},
		{name: "not another table", schema: "crm", table: "calls"},
		{name: "what was in place of others asks for consent again", schema: "billing", into: "billing"},
		{name: "not what was not begun", schema: "other"},
	} {
		if got := begunCopy(backupd.Restore{Begun: begun, Into: c.into}, c.schema, c.table)[keyInto]; got != c.want {
			t.Errorf("%s: into %q, want %q", c.name, got, c.want)
		}
	}
}
