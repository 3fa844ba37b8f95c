package lab

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/cluster"
)

func TestServicesComeWithWhatTheyNeed(t *testing.T) {
	for _, c := range []struct {
		name         string
		kind         cluster.Kind
		wanted, want []Service
		programs     []string
		err          string
	}{
		{name: "nothing"},
		{name: "Prometheus beside NDB needs the exporter", kind: cluster.KindNDB, wanted: []Service{Prometheus}, want: []Service{NDBExporter, Prometheus}, programs: []string{"ndb_exporter"}},
		{
			name: "what is Galera's is refused beside NDB", kind: cluster.KindNDB, wanted: []Service{HAProxy},
			err: `service "haproxy" is of no use beside a cluster of kind ndb: it is one of [ssh ndb_exporter backupd prometheus]`,
		},
		{name: "what is NDB's is refused beside Galera", wanted: []Service{NDBExporter}, err: `service "ndb_exporter" is of no use beside a cluster of kind galera`},
		{name: "a proxy needs exporters that answer its checks", wanted: []Service{HAProxy}, want: []Service{HAProxy}, programs: []string{"galera_exporter"}},
		{name: "the remediator needs sshd", wanted: []Service{Remediator}, want: []Service{SSH, Remediator}, programs: []string{"kagu-node", "remediator"}},
		{name: "backupd needs sshd, and kagu for its keys", wanted: []Service{Backupd}, want: []Service{SSH, Backupd}, programs: []string{"kagu-node", "backupd", "kagu"}},
		{
			name: "Prometheus needs all that its files point to", wanted: []Service{Prometheus},
			want:     []Service{SSH, Slack, Exporter, Remediator, Alertmanager, Prometheus},
			programs: []string{"kagu-node", "kagu", "galera_exporter", "remediator"},
		},
		{name: "an unknown one is refused", wanted: []Service{"grafana"}, err: `service "grafana" is of no use`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.kind == "" {
				c.kind = cluster.KindGalera
			}
			got, err := withNeeds(c.kind, c.wanted)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want - got +\n%s", diff)
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.HasPrefix(err.Error(), c.err)) {
				t.Errorf("got error %v, want %q", err, c.err)
			}
			if diff := cmp.Diff(c.programs, Programs(c.kind, c.wanted)); diff != "" {
				t.Errorf("programs: want - got +\n%s", diff)
			}
		})
	}
}

func TestOptionsAreRefusedTogether(t *testing.T) {
	_, err := Options{Nodes: 6, Profile: "wan", Network: "10.0.0", Services: []Service{SSH}}.checked()
	if err == nil {
		t.Fatal("bad options are taken")
	}
	for _, want := range []string{"6 nodes", `profile "wan"`, `network "10.0.0"`, "folder of kagu's programs"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %s", err, want)
		}
	}
}

func TestOptionsOfTheOtherKindAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		want []string
	}{
		{"a kind there is not", Options{Kind: "group"}, []string{`kind "group": a lab is galera or ndb`}},
		{"counts that NDB does not take", Options{Kind: cluster.KindNDB, Management: 3, Data: 3, SQL: 5}, []string{
			"3 management servers: a lab has 1 or 2", "3 data nodes: a lab has 2 or 4", "5 SQL nodes: a lab has 1 to 4",
		}},
		{"Galera's words for NDB", Options{Kind: cluster.KindNDB, Nodes: 3, Profile: ProfileLAN}, []string{"nodes counts the members of a Galera cluster", "profile is Galera's"}},
		{"NDB's words for Galera", Options{Data: 2}, []string{"ask for kind ndb"}},
		{"a pool for NDB", Options{Kind: cluster.KindNDB, Pool: 64}, []string{"the buffer pool is a Galera node's"}},
		{"a pool that no server takes", Options{Pool: -1}, []string{"pool of -1 MiB"}},
		{"a parameter that would begin a section", Options{Kind: cluster.KindNDB, Parameters: map[string]string{"X": "1\n[api]"}}, []string{`parameter "X"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.o.checked()
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want it to say %s", err, want)
				}
			}
		})
	}
}

func TestPortsThatAreHeldArePassedOver(t *testing.T) {
	host := network() + ".1"
	held, err := net.Listen("tcp", host+":24001")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	everywhere, err := net.Listen("tcp", "0.0.0.0:0") // as a server of the machine may
	if err != nil {
		t.Fatal(err)
	}
	defer everywhere.Close()
	given := book{}
	if port := everywhere.Addr().(*net.TCPAddr).Port; must(given.take(host, port)) == port {
		t.Errorf("port %d is given, and is held on all addresses", port)
	}
	for _, want := range []int{24002, 24003} { // 24001 is held; 24002 is given once only
		if got, err := given.take(host, 24001); err != nil || got != want {
			t.Errorf("got %d, error %v, want %d", got, err, want)
		}
	}
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}

func TestOnlyWhatCarriesTheMarkOrDescendsFromOursIsOurs(t *testing.T) {
	e := func(pid, parent int, mark string) entry {
		return entry{Process: Process{PID: pid, Start: uint64(pid)}, parent: parent, mark: mark}
	}
	l := &Lab{ID: "mine", Processes: []Process{{PID: 20, Start: 20}, {PID: 30, Start: 29}}}
	all := table{}
	for _, p := range []entry{
		e(10, 1, "mine"),   // a server that kagu-node started
		e(20, 1, ""),       // sshd, written down; it overwrote its environment
		e(21, 20, ""),      // its child
		e(22, 21, ""),      // and a child of that
		e(23, 20, "other"), // another lab, started from ours
		e(24, 23, ""),      // and its child
		e(30, 1, ""),       // has a number we wrote down, and is another process by now
		e(40, 1, "other"),  // another lab
		e(50, 1, ""),       // nobody's
	} {
		all[p.PID] = p
	}
	// We run inside a process of the lab's, as a shell started by one would: not to be killed.
	self := e(os.Getpid(), 60, "mine")
	all[self.PID], all[60] = self, e(60, 1, "mine")

	var got []int
	for _, p := range all.of(l) {
		got = append(got, p.PID)
	}
	if diff := cmp.Diff([]int{10, 20, 21, 22}, got); diff != "" {
		t.Errorf("want - got +\n%s", diff)
	}
}

func TestMarkIn(t *testing.T) {
	for environ, want := range map[string]string{
		"A=1\x00KAGU_LAB=x1\x00B=2\x00": "x1",
		"KAGU_LAB=x1":                   "x1",
		"NOT_KAGU_LAB=x1\x00":           "",
		"A=KAGU_LAB=x1\x00":             "",
		"":                              "",
	} {
		if got := markIn([]byte(environ)); got != want {
			t.Errorf("markIn(%q) = %q, want %q", environ, got, want)
		}
	}
}

func TestASignalHitsThisVeryRunOnly(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	p, err := Running("sleep", cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	earlier := Process{Name: "sleep", PID: p.PID, Start: p.Start - 1}
	if err := earlier.signal(syscall.SIGKILL); err != os.ErrProcessDone {
		t.Errorf("a signal to an earlier process of that number: %v", err)
	}
	if earlier.Alive() || !p.Alive() {
		t.Error("the runs are not told apart")
	}
}

func TestShellWords(t *testing.T) {
	words := []string{"plain", "with space", `quote's "and" $HOME`, "semi;colon"}
	out, err := exec.Command("/bin/sh", "-c", "printf '%s\\n' "+shellWords(words...)).Output()
	if diff := cmp.Diff(strings.Join(words, "\n")+"\n", string(out)); err != nil || diff != "" {
		t.Errorf("error %v, want - got +\n%s", err, diff)
	}
}

func TestAFolderThatOthersReachIsRefused(t *testing.T) {
	base := t.TempDir()
	open, link, file := filepath.Join(base, "open"), filepath.Join(base, "link"), filepath.Join(base, "file")
	for _, err := range []error{
		os.Mkdir(open, 0o700), os.Chmod(open, 0o777), os.Symlink("/tmp", link), os.WriteFile(file, nil, 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		open:                               "is open to others",
		link:                               "is not a folder",
		file:                               "is not a folder",
		"/tmp/" + strings.Repeat("x", 100): "too long a path",
	} {
		err := private(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want that it %s", path, err, want)
		}
	}
}
