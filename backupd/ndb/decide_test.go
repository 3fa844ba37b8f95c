package ndb

import (
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
)

func TestNumber(t *testing.T) {
	at := func(seconds int64) time.Time { return numbersBegin.Add(time.Duration(seconds) * time.Second) }
	for _, c := range []struct {
		name   string
		now    time.Time
		newest uint32
		want   uint32
		err    string
	}{
		{name: "seconds since 2020", now: at(1000), want: 1000},
		{name: "one above the newest, when the clock has stepped back", now: at(1000), newest: 5000, want: 5001},
		{name: "one above the newest, within a second", now: at(1000), newest: 1000, want: 1001},
		{name: "a clock before 2020", now: time.Unix(0, 0), err: "clock"},
		{name: "a clock far beyond", now: at(1 << 33), err: "clock"},
		{name: "no number left", now: at(1000), newest: 1<<32 - 2, err: "none above it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := number(c.now, c.newest)
			if got != c.want && c.err == "" || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
}

func TestReady(t *testing.T) {
	fleet := inventory.Cluster{Data: []inventory.Node{{Name: "d1", ID: 11}, {Name: "d2", ID: 12}}}
	node := func(id int, change ...func(*mgm.NodeStatus)) mgm.NodeStatus {
		n := mgm.NodeStatus{ID: id, Type: mgm.NodeData, State: mgm.StateStarted, Version: mgm.MakeVersion(9, 7, 2)}
		for _, c := range change {
			c(&n)
		}
		return n
	}
	state := func(s mgm.NodeState) func(*mgm.NodeStatus) { return func(n *mgm.NodeStatus) { n.State = s } }
	for _, c := range []struct {
		name  string
		nodes []mgm.NodeStatus
		err   string // "" for ready
	}{
		{name: "all started", nodes: []mgm.NodeStatus{node(11), node(12)}},
		{name: "one is down", nodes: []mgm.NodeStatus{node(11), node(12, state(mgm.StateNoContact))}, err: "data node d2 is NO_CONTACT"},
		{name: "one is starting", nodes: []mgm.NodeStatus{node(11, state(mgm.StateStarting)), node(12)}, err: "data node d1 is STARTING"},
		{name: "single user mode", nodes: []mgm.NodeStatus{node(11, state(mgm.StateSingleUser)), node(12)}, err: "SINGLE USER MODE"},
		{name: "two versions", nodes: []mgm.NodeStatus{node(11), node(12, func(n *mgm.NodeStatus) { n.Version = mgm.MakeVersion(8, 4, 0) })}, err: "finish the upgrade"},
		{name: "one that kagu.yaml does not know", nodes: []mgm.NodeStatus{node(11), node(12), node(13)}, err: "data node 13 is not in kagu.yaml"},
		{name: "one that the cluster does not know", nodes: []mgm.NodeStatus{node(11)}, err: "knows no such node"},
		{name: "one that holds no data", nodes: []mgm.NodeStatus{node(11), node(12, func(n *mgm.NodeStatus) { n.NodeGroup = mgm.GroupNone })}, err: "no node group"},
		{name: "none at all", err: "knows no data node"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := ready(fleet, c.nodes)
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestEnded(t *testing.T) {
	fields := func(list ...mgm.Field) []mgm.Field { return list }
	for _, c := range []struct {
		name string
		e    mgm.Event
		over bool
		err  string
	}{
		{name: "completed", e: mgm.Event{Type: mgm.BackupCompleted, Fields: fields(mgm.Field{Name: "backup_id", Value: 7}, mgm.Field{Name: "n_bytes", Value: 5}, mgm.Field{Name: "n_bytes_hi", Value: 1})}, over: true},
		{name: "another one completed", e: mgm.Event{Type: mgm.BackupCompleted, Fields: fields(mgm.Field{Name: "backup_id", Value: 8})}},
		{name: "aborted", e: mgm.Event{Type: mgm.BackupAborted, Fields: fields(mgm.Field{Name: "backup_id", Value: 7}, mgm.Field{Name: "error", Value: 1326})}, over: true, err: "a data node failed (error 1326)"},
		{name: "aborted for a reason that we do not know", e: mgm.Event{Type: mgm.BackupAborted, Fields: fields(mgm.Field{Name: "backup_id", Value: 7}, mgm.Field{Name: "error", Value: 9999})}, over: true, err: "error 9999"},
		{name: "another one aborted", e: mgm.Event{Type: mgm.BackupAborted, Fields: fields(mgm.Field{Name: "backup_id", Value: 8})}},
		{name: "not begun", e: mgm.Event{Type: mgm.BackupNotStarted, Fields: fields(mgm.Field{Name: "error", Value: 1350})}, over: true, err: "files of that number"},
		{name: "an old refusal, from the log of a data node", e: mgm.Event{Type: mgm.BackupNotStarted, Saved: true, Fields: fields(mgm.Field{Name: "error", Value: 1350})}},
		{name: "something else", e: mgm.Event{Type: mgm.BackupStarted, Fields: fields(mgm.Field{Name: "backup_id", Value: 7})}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, over, err := ended(c.e, 7)
			if over != c.over || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("over %v, %v", over, err)
			}
			if c.over && err == nil && (d.Number != 7 || d.Bytes != 1<<32+5) {
				t.Errorf("got %+v", d)
			}
		})
	}
}

func TestWhole(t *testing.T) {
	files := func(names ...string) []File {
		var all []File
		for _, n := range names {
			all = append(all, File{Name: n, Size: 1})
		}
		return all
	}
	plain := []string{"BACKUP-7.11.ctl", "BACKUP-7-0.11.Data", "BACKUP-7.11.log"}
	threaded := func(part string) []string {
		return []string{"BACKUP-7-PART-" + part + "/BACKUP-7.11.ctl", "BACKUP-7-PART-" + part + "/BACKUP-7-0.11.Data", "BACKUP-7-PART-" + part + "/BACKUP-7.11.log"}
	}
	for _, c := range []struct {
		name  string
		files []File
		err   string
	}{
		{name: "one set", files: files(plain...)},
		{name: "one set, in the folder of the backup", files: files("BACKUP-7/BACKUP-7.11.ctl", "BACKUP-7/BACKUP-7-0.11.Data", "BACKUP-7/BACKUP-7.11.log")},
		{name: "a set for each thread", files: files(append(threaded("1-OF-2"), threaded("2-OF-2")...)...)},
		{name: "nothing", err: "0 sets of files of 1"},
		{name: "no log", files: files(plain[:2]...), err: "no .log file"},
		{name: "a thread's set is missing", files: files(threaded("1-OF-2")...), err: "1 sets of files of 2"},
		{name: "another backup's", files: files(append(plain, "BACKUP-8.11.ctl")...), err: "is not a file of backup 7"},
		{name: "another node's", files: files(append(plain, "BACKUP-7.12.ctl")...), err: "is not a file of backup 7"},
		{name: "a path that leads out", files: files(append(plain, "../BACKUP-7.11.ctl")...), err: "is not a file of backup 7"},
		{name: "an absolute path", files: files(append(plain, "/etc/passwd")...), err: "is not a file of backup 7"},
		{name: "nonsense parts", files: files("BACKUP-7-PART-1-OF-99999/BACKUP-7.11.ctl"), err: "is one of 99999 parts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := whole(11, 7, c.files)
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestEnough(t *testing.T) {
	parts := map[int]Part{
		11: {Files: []File{{"BACKUP-7.11.ctl", 9}, {"BACKUP-7-0.11.Data", 100}, {"BACKUP-7.11.log", 10}}}, 12: {Files: []File{{"BACKUP-7-0.12.Data", 50}}},
	}
	if err := enough(Done{Number: 7, Bytes: 150, LogBytes: 10}, parts); err != nil {
		t.Error(err)
	}
	for _, d := range []Done{{Number: 7, Bytes: 151}, {Number: 7, LogBytes: 11}} {
		if err := enough(d, parts); err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%+v: %v", d, err)
		}
	}
}

// FuzzNamed: what a host calls its files never leads out of a folder of ours.
func FuzzNamed(f *testing.F) {
	for _, name := range []string{"BACKUP-7.11.ctl", "BACKUP-7/BACKUP-7-PART-1-OF-2/BACKUP-7-0.11.Data", "../../BACKUP-7.11.ctl", "BACKUP-7-PART-1-OF-2/../../BACKUP-7.11.log"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if _, _, _, err := named(name, 11, 7); err == nil && (strings.Contains(name, "..") || strings.HasPrefix(name, "/")) {
			t.Errorf("%q was let pass", name)
		}
	})
}
