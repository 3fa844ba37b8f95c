package host

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

func TestParseStat(t *testing.T) {
	const rest = " S 1 2 3 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 987654 0 0"
	for _, tc := range []struct {
		name, text string
		want       process
		err        bool
	}{
		{name: "a server", text: "42 (mariadbd)" + rest, want: process{pid: 42, comm: "mariadbd", state: 'S', flags: 4194560, start: 987654}},
		{name: "a name with brackets and blanks", text: "42 (a) Z 1 (b)" + rest, want: process{pid: 42, comm: "a) Z 1 (b", state: 'S', flags: 4194560, start: 987654}},
		{name: "cut short", text: "42 (mariadbd) S 1 2", err: true},
		{name: "no name", text: "42 mariadbd S", err: true},
		{name: "empty", err: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := parseStat([]byte(tc.text))
			if (err != nil) != tc.err {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(process{})); !tc.err && diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (a) Z 1 (b) S 1 2 3 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 987654 0 0"))
	own, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(own)
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := parseStat(text); err == nil && (p.pid < 1 || p.state == 0) {
			t.Errorf("accepted %+v", p)
		}
	})
}

func TestParseShow(t *testing.T) {
	got, err := parseShow("Result=success\nMainPID=0\nLoadState=loaded\nActiveState=inactive\nSubState=dead\nFreezerState=running\nInactiveEnterTimestamp=Sun 2026-03-01 12:00:00 UTC\n")
	want := unit{Load: "loaded", Active: "inactive", Sub: "dead", Result: "success", Freezer: "running", Stopped: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for _, bad := range []string{"", "LoadState=loaded\n", "LoadState=loaded\nActiveState=active\nMainPID=x\n"} {
		if u, err := parseShow(bad); err == nil {
			t.Errorf("%q is %+v", bad, u)
		}
	}
}

func TestWhatIsSeenBecomesAState(t *testing.T) {
	found := []sighting{{process: process{pid: 1 << 30, state: 'S'}}}
	stopped := []sighting{{process: process{pid: 1 << 30, state: 'T'}}}
	const service = "mariadb.service"
	for _, tc := range []struct {
		name    string
		service string
		scan    scan
		unit    *unit
		want    cluster.Process
	}{
		{name: "nothing found", want: cluster.ProcessAbsent},
		{name: "found", scan: scan{servers: found}, want: cluster.ProcessRunning},
		{name: "found stopped", scan: scan{servers: stopped}, want: cluster.ProcessFrozen},
		{name: "two, one of them stopped", scan: scan{servers: append(append([]sighting{}, found...), stopped...)}, want: cluster.ProcessFrozen},
		{name: "a process of another account", scan: scan{unsure: []string{"process 7 belongs to another account"}}, want: cluster.ProcessUnknown},
		{name: "found, beside one that could not be judged", scan: scan{servers: found, unsure: []string{"x"}}, want: cluster.ProcessRunning},

		{name: "systemd does not answer", service: service, want: cluster.ProcessUnknown},
		{name: "systemd does not answer, but it was found", service: service, scan: scan{servers: found}, want: cluster.ProcessRunning},
		{name: "no such unit", service: service, unit: &unit{Load: "not-found", Active: "inactive"}, want: cluster.ProcessUnknown},
		{name: "unit inactive", service: service, unit: &unit{Load: "loaded", Active: "inactive", Sub: "dead"}, want: cluster.ProcessAbsent},
		{name: "unit failed", service: service, unit: &unit{Load: "loaded", Active: "failed"}, want: cluster.ProcessAbsent},
		{name: "unit starting, no server yet", service: service, unit: &unit{Load: "loaded", Active: "activating", Sub: "start-pre"}, want: cluster.ProcessRunning},
		{name: "unit stopping", service: service, unit: &unit{Load: "loaded", Active: "deactivating"}, want: cluster.ProcessRunning},
		{name: "unit waits to be restarted", service: service, unit: &unit{Load: "loaded", Active: "activating", Sub: "auto-restart"}, want: cluster.ProcessAbsent},
		{name: "unit active, no process found", service: service, unit: &unit{Load: "loaded", Active: "active"}, want: cluster.ProcessUnknown},
		{name: "unit frozen", service: service, scan: scan{servers: found}, unit: &unit{Load: "loaded", Active: "active", Freezer: "frozen"}, want: cluster.ProcessFrozen},
		{name: "inactive, but a server runs all the same", service: service, scan: scan{servers: found}, unit: &unit{Load: "loaded", Active: "inactive"}, want: cluster.ProcessRunning},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &Server{proc: procfs{root: "/proc", sys: "/sys"}}
			f := facts{unit: tc.unit}
			f.state.Process = cluster.ProcessUnknown
			s.judgeProcess(inventory.Node{Service: tc.service}, tc.scan, &f, func(string, ...any) {})
			if f.state.Process != tc.want {
				t.Errorf("got %s, want %s", f.state.Process, tc.want)
			}
			if (f.doubt != "") != (tc.want == cluster.ProcessUnknown) {
				t.Errorf("it is %s, and the doubt is %q", f.state.Process, f.doubt)
			}
		})
	}
}

func TestAProcThatHidesOthersKnowsNothing(t *testing.T) {
	s := procfs{root: t.TempDir()}.scan(inventory.Node{DataDir: "/d"}, 0) // as with hidepid: no process 1
	if len(s.unsure) != 1 || !strings.Contains(s.unsure[0], "hidepid") {
		t.Errorf("%+v", s)
	}
}

func TestOption(t *testing.T) {
	for _, tc := range []struct {
		name  string
		argv  []string
		want  string
		given bool
	}{
		{name: "joined", argv: []string{"m", "--datadir=/d"}, want: "/d", given: true},
		{name: "apart", argv: []string{"m", "--datadir", "/d"}, want: "/d", given: true},
		{name: "the last one wins", argv: []string{"m", "--datadir=/a", "--datadir=/b"}, want: "/b", given: true},
		{name: "another option", argv: []string{"m", "--datadir-x=/a"}},
		{name: "without a value", argv: []string{"m", "--datadir"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, given := option(tc.argv, "datadir"); got != tc.want || given != tc.given {
				t.Errorf("got %q %v", got, given)
			}
		})
	}
}
