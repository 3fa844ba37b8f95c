package galera

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

func valueOf(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	var d dto.Metric
	if err := m.Write(&d); err != nil {
		t.Fatal(err)
	}
	return max(d.GetGauge().GetValue(), d.GetCounter().GetValue()) + min(d.GetGauge().GetValue(), d.GetCounter().GetValue())
}

const (
	stopped = "# GALERA saved state\nversion: 2.1\nuuid:    09dffdba-e6f1-11f1-b090-f72bc581e2cb\nseqno:   1234\nsafe_to_bootstrap: 1\n"
	crashed = "# GALERA saved state\nversion: 2.1\nuuid:    09dffdba-e6f1-11f1-b090-f72bc581e2cb\nseqno:   -1\nsafe_to_bootstrap: 0\n"
	lastOf  = "my_uuid: 09dffdba-e6f1-11f1-b090-f72bc581e2cb\n#vwbeg\nview_id: 3 09dffdba-e6f1-11f1-b090-f72bc581e2cb 4\nbootstrap: 0\n" +
		"member: 09dffdba-e6f1-11f1-b090-f72bc581e2cb 0\n#vwend\n"
)

func statusText(comment string, total, done int) string {
	return fmt.Sprintf(`{"date": "x", "timestamp": 1795410000.5, "errors": [{"msg": "e"}], "warnings": [], "events": [],
 "status": {"state": "S", "comment": %q, "progress": {"from": -1, "to": -1, "total": %d, "done": %d, "indefinite": -1}}}`, comment, total, done)
}

func TestHostFiles(t *testing.T) {
	const ours = "PID" // stands for the number of this process
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string // without the disk, and of state sets the one that is 1
		err   string
	}{
		{
			name:  "running",
			files: map[string]string{"grastate.dat": crashed, "gvwstate.dat": lastOf, "pid": ours, "status.json": statusText("Operational", 0, 0)},
			want:  []string{"grastate_safe_to_bootstrap 0", "grastate_seqno -1", "gvwstate_present 1", "process_up 1", "state_transfer_phase operational", "status_file_messages error 1", "status_file_messages warning 0", "status_file_timestamp_seconds 1.7954100005e+09"},
		},
		{
			name:  "stopped as the last",
			files: map[string]string{"grastate.dat": stopped, "status.json": statusText("Disconnected", -1, -1)},
			want:  []string{"grastate_safe_to_bootstrap 1", "grastate_seqno 1234", "gvwstate_present 0", "process_up 0", "state_transfer_phase disconnected", "status_file_messages error 1", "status_file_messages warning 0", "status_file_timestamp_seconds 1.7954100005e+09"},
		},
		{
			name:  "crashed; a killed server's number is nobody's",
			files: map[string]string{"grastate.dat": crashed, "gvwstate.dat": lastOf, "pid": "4194305\n"},
			want:  []string{"grastate_safe_to_bootstrap 0", "grastate_seqno -1", "gvwstate_present 1", "process_up 0"},
		},
		{
			name:  "receives a full transfer",
			files: map[string]string{"grastate.dat": crashed, "pid": ours, "status.json": statusText("Receiving SST", 1000, 250)},
			want:  []string{"grastate_safe_to_bootstrap 0", "grastate_seqno -1", "gvwstate_present 0", "process_up 1", "sst_done_bytes 250", "sst_expected_bytes 1000", "state_transfer_phase receiving_sst", "status_file_messages error 1", "status_file_messages warning 0", "status_file_timestamp_seconds 1.7954100005e+09"},
		},
		{
			name:  "receives a full transfer that removed the status file",
			files: map[string]string{"grastate.dat": crashed, "pid": ours, "sst_in_progress": ""},
			want:  []string{"grastate_safe_to_bootstrap 0", "grastate_seqno -1", "gvwstate_present 0", "process_up 1", "state_transfer_phase receiving_sst"},
		},
		{
			name:  "receives an incremental transfer",
			files: map[string]string{"grastate.dat": crashed, "pid": ours, "status.json": statusText("Receiving IST", 20, 5)},
			want:  []string{"grastate_safe_to_bootstrap 0", "grastate_seqno -1", "gvwstate_present 0", "ist_done_events 5", "ist_expected_events 20", "process_up 1", "state_transfer_phase receiving_ist", "status_file_messages error 1", "status_file_messages warning 0", "status_file_timestamp_seconds 1.7954100005e+09"},
		},
		{
			name:  "a torn status file costs only itself",
			files: map[string]string{"grastate.dat": stopped, "status.json": statusText("Operational", 0, 0)[:80]},
			want:  []string{"grastate_safe_to_bootstrap 1", "grastate_seqno 1234", "gvwstate_present 0", "process_up 0"},
			err:   "read wsrep_status_file: unexpected EOF",
		},
		{
			name:  "half a position is none, and the rest is there",
			files: map[string]string{"grastate.dat": stopped[:90], "gvwstate.dat": lastOf},
			want:  []string{"gvwstate_present 1", "process_up 0"},
			err:   "read grastate: ",
		},
		{
			name:  "its process number comes at the end of the start, and a full transfer before",
			files: map[string]string{"grastate.dat": crashed, "proc/812/comm": "mariadbd\n", "status.json": statusText("Receiving SST", -1, -1)},
			want:  []string{"grastate_safe_to_bootstrap 0", "grastate_seqno -1", "gvwstate_present 0", "process_up 1", "state_transfer_phase receiving_sst", "status_file_messages error 1", "status_file_messages warning 0", "status_file_timestamp_seconds 1.7954100005e+09"},
		},
		{
			name:  "a pid file with a word in it",
			files: map[string]string{"grastate.dat": stopped, "pid": "soon"},
			want:  []string{"grastate_safe_to_bootstrap 1", "grastate_seqno 1234", "gvwstate_present 0"},
			err:   "holds no process number",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, pid := range []string{"811", "812"} { // 811 is gone before it is looked at
				if err := os.MkdirAll(filepath.Join(dir, "proc", pid), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(dir, filepath.Join(dir, "proc", pid, "cwd")); err != nil {
					t.Fatal(err)
				}
			}
			for name, text := range c.files {
				text = strings.ReplaceAll(text, ours, fmt.Sprint(os.Getpid()))
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := said(t, host{dataDir: dir, statusFile: filepath.Join(dir, "status.json"), pidFile: filepath.Join(dir, "pid"), proc: filepath.Join(dir, "proc")})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v, want %q", err, c.err)
			}
		})
	}
}

// said returns what a collector of the host says, in short. The disk must always be there.
func said(t *testing.T, h host) ([]string, error) {
	t.Helper()
	registry, metrics := prometheus.NewRegistry(), emitted{}
	err := h.Collect(t.Context(), func(m prometheus.Metric) { metrics = append(metrics, m) })
	registry.MustRegister(metrics)
	families, gathering := registry.Gather()
	if gathering != nil {
		t.Fatal(gathering)
	}
	disk := map[string]float64{}
	var lines []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			line, value := strings.TrimPrefix(f.GetName(), "galera_"), m.GetGauge().GetValue()
			for _, l := range m.GetLabel() {
				line += " " + l.GetValue()
			}
			switch {
			case strings.HasPrefix(line, "datadir_"):
				disk[line] = value
			case strings.HasPrefix(line, "state_transfer_phase") && value == 0:
			case strings.HasPrefix(line, "state_transfer_phase"):
				lines = append(lines, line)
			default:
				lines = append(lines, fmt.Sprintf("%s %v", line, value))
			}
		}
	}
	if size, free := disk["datadir_size_bytes"], disk["datadir_available_bytes"]; size <= 0 || free > size {
		t.Errorf("disk: %v", disk)
	}
	return lines, err
}

func TestTheControlGroupOfAUnit(t *testing.T) {
	root := t.TempDir()
	write := func(path, text string) {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := unitHasProcess(root, "mariadb.service"); err == nil {
		t.Error("without systemd it can tell")
	}
	write("system.slice/cgroup.procs", "")
	write("system.slice/mariadb.service/cgroup.procs", "812\n")
	write("system.slice/empty.service/cgroup.procs", "")
	for unit, want := range map[string]bool{"mariadb.service": true, "empty.service": false, "stopped.service": false} {
		if got, err := unitHasProcess(root, unit); err != nil || got != want {
			t.Errorf("%s: %v, %v", unit, got, err)
		}
	}
}

func TestAPipeIsNoStateFile(t *testing.T) {
	if _, err := open("/dev/null"); err == nil {
		t.Error("opened a device")
	}
}
