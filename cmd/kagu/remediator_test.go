package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/needs"
)

// TestMistakes types what cannot work, and wants to be told what to do.
func TestMistakes(t *testing.T) {
	program := needs.Build(t, ".")
	nobody := "http://" + free(t)
	for _, c := range []struct {
		name, typed string
		says        string
	}{
		{"nobody answers", "incidents --remediator.url=" + nobody, "(systemctl status remediator)? Or it listens elsewhere: remediator.url of kagu.yaml, or --remediator.url"},
		{"nobody answers an approval", "approve 7k2m --remediator.url=" + nobody, "kagu: no remediator answers at " + nobody},
		{"a cluster that is not in kagu.yaml", "status billing", `kagu: no cluster "billing" in kagu.yaml; it has backoffice`},
		{"a node that is not in kagu.yaml", "report backoffice/db9", `kagu: no node "db9" in the cluster backoffice of kagu.yaml; kagu status backoffice shows its nodes`},
		{"a node without its cluster", "report db1", `kagu: no cluster "db1" in kagu.yaml; it has backoffice; write CLUSTER/NODE`},
		{"maintenance for no time", "maintenance on backoffice --why=disk --for=0s", "kagu: --for=0s: write how long from now, such as 90m; at most 720h"},
		{"maintenance that ended before", "maintenance on backoffice --why=disk --for=-1h", "kagu: --for=-1h0m0s: write how long from now, such as 90m; at most 720h"},
		{"maintenance for ever", "maintenance on backoffice --why=disk --for=9000h", "at most 720h"},
		{"maintenance until a day", "maintenance on backoffice --why=disk --for=monday", `"monday"`},
		{"maintenance without a reason", "maintenance on backoffice --for=1h", "'--why' not provided; kagu maintenance on --help shows what there is"},
		{"a command that there is not", "stauts", `"stauts"; kagu --help shows what there is`},
		{"a flag that there is not", "backup list --stroe=main", "'--stroe'; kagu backup list --help shows what there is"},
		{"a backup where none is asked for", "backup run backoffice", "docs/kagu.yaml.md shows one"},
		{"a cluster whose name drives a terminal", "status \x1b[2J", `no cluster "\x1b[2J"`},
		{"a flag that drives a terminal", "status --\x1b[2J", "·[2J"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errOut, exit := runIn(t, program, goodFleet, append([]string{"--config.file=kagu.yaml"}, strings.Fields(c.typed)...)...)
			if exit != 1 || out != "" || !strings.Contains(errOut, c.says) || strings.ContainsRune(errOut, '\x1b') {
				t.Errorf("exit status %d, want 1 and %q, said\n%s%s", exit, c.says, out, errOut)
			}
		})
	}
}

// TestARemediatorIsTold talks to the real one. Nothing has to be wrong with a cluster for it.
func TestARemediatorIsTold(t *testing.T) {
	needs.Servers(t)
	program, daemon, address := needs.Build(t, "."), needs.Build(t, "../remediator"), free(t)
	// Servers that are not there refuse at once on loopback.
	fleet := strings.ReplaceAll(goodFleet, "10.0.0.", "127.62.0.")
	dir := t.TempDir()
	for name, text := range map[string]string{"kagu.yaml": fleet, "monitor.pass": "hunter2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, daemon, "--config.file="+dir+"/kagu.yaml", "--storage.path="+dir+"/journal",
		"--kill-switch.file="+dir+"/stop", "--web.listen-address="+address)
	ready(t, "http://"+address+"/-/ready")

	for _, c := range []struct {
		name, typed string
		exit        int
		says        string // on standard output, or on the other if it fails
	}{
		{"no incidents", "incidents", 0, "no incidents\n"},
		{"an incident that is none", "incidents 7k2m", 1, "not found"},
		{"consent to what is none", "approve 7k2m", 1, "not found"},
		{"release of what is none", "release 7k2m", 1, "not found"},
		{"maintenance of another's cluster", "maintenance on billing --for=1h --why=disk", 1, `no cluster "billing" in kagu.yaml`},
		{"maintenance", "maintenance on backoffice --for=1h --why=disk", 0, "backoffice is in maintenance until "},
		{"it is seen", "status", 0, "  remediator: mode propose, maintenance until "},
		{"its end", "maintenance off backoffice", 0, "backoffice is in the remediator's hands again.\n"},
		{"its end is seen", "status", 0, "  remediator: mode propose, nothing to do\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"--config.file=kagu.yaml"}, strings.Fields(c.typed)...)
			out, errOut, exit := runIn(t, program, fleet, append(args, "--remediator.url=http://"+address)...)
			said := out
			if c.exit != 0 {
				said = errOut
			}
			if exit != c.exit || !strings.Contains(said, c.says) {
				t.Errorf("exit status %d, want %d and %q, said\n%s%s", exit, c.exit, c.says, out, errOut)
			}
		})
	}
}
