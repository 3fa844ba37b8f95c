package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/journal"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/remediator"
)

// TestRemediator runs the real program against a real cluster. The cluster is shared, as
// bringing one up takes longer than breaking it.
func TestRemediator(t *testing.T) {
	r := newRig(t)
	r.sub("a killed node is started once, however many alerts come", healsAKilledNode)
	for _, point := range []string{"intent-written", "before-verb", "after-verb", "before-finish"} {
		r.sub("kill -9 at "+point+" never sends a verb twice", func(r *rig) { survivesKill(r, point) })
	}
	r.sub("observe says what it would do, propose waits for consent", observesAndProposes)
	r.sub("maintenance and an operator's stop are respected", respectsHumans)
	r.sub("a frozen node gets no second process", leavesAFrozenNodeAlone)
	r.sub("what would cost the quorum is refused", keepsTheQuorum)
	r.sub("no primary component is explained", explainsNoPrimary)
	r.sub("a wrong host key is no way in", refusesAWrongHostKey)
	r.sub("an SSH server that hangs costs a bounded time", boundsAHangingHost)
	r.sub("a wrong password is named", namesAWrongPassword)
	r.sub("a full journal disk loses and does nothing", survivesAFullDisk)
	r.sub("a port or journal in use, or a secret that is not there, is said at the start", saysWhyItCannotStart)
}

func healsAKilledNode(r *rig) {
	p := r.start(r.lab.Config(), r.t.TempDir(), "")
	before := r.verbs("n2", node.Start)
	r.must(r.lab.Kill(r.t.Context(), "n2"))
	began := time.Now()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for range 100 {
				p.post("n2", began, "firing")
			}
		})
	}
	all.Wait()
	inc := p.incident(journal.StateHealed, "well for")
	if n := r.verbs("n2", node.Start) - before; n != 1 {
		r.t.Errorf("1,000 alerts made %d start verbs, want 1", n)
	}
	r.t.Logf("healed %s after the kill", inc.Closed.Sub(began).Round(100*time.Millisecond))
	r.slack("Doing: start n2", inc.ID)
	r.slack("galera-node-down is healed", inc.ID)
	p.metric(`remediator_plans_total{cluster="lab",outcome="healed",problem="galera-node-down"} 1`)
	p.metric(`remediator_hints_total{outcome="stored"} 1000`)
	p.halt()
}

func survivesKill(r *rig, point string) {
	storage := r.t.TempDir()
	before := r.verbs("n3", node.Start)
	r.must(r.lab.Kill(r.t.Context(), "n3"))
	first := r.start(r.lab.Config(), storage, point)
	first.alert("n3")
	first.died()

	second := r.start(r.lab.Config(), storage, "")
	sent := point == "after-verb" || point == "before-finish"
	if !sent {
		held := second.incident(journal.StateHeld, "nothing is sent again")
		second.alert("n3") // alerts go on; the hold stays
		time.Sleep(3 * time.Second)
		if n := r.verbs("n3", node.Start) - before; n != 0 {
			r.t.Fatalf("%d verbs were sent while the cluster was held", n)
		}
		second.metric(`remediator_cluster_held{cluster="lab"} 1`)
		r.slack("kagu release "+held.ID, "nothing is sent again")
		r.must(r.lab.Start(r.t.Context(), "n3")) // a human mends it
	}
	second.incident(journal.StateHealed, "")
	want := map[bool]int{true: 1, false: 0}[sent]
	if n := r.verbs("n3", node.Start) - before; n != want {
		r.t.Errorf("the remediator sent %d start verbs in two lives, want %d", n, want)
	}
	second.metric(`remediator_cluster_held{cluster="lab"} 0`)
	second.halt()
}

func observesAndProposes(r *rig) {
	config := r.config("mode: auto", "mode: observe")
	before := r.verbs("n2", node.Start)
	p := r.start(config, r.t.TempDir(), "")
	r.must(r.lab.Kill(r.t.Context(), "n2"))
	p.alert("n2")
	p.incident(journal.StateRefused, "would start n2 (it rejoins the primary component), but the cluster's mode is observe")
	r.slack("Not acting because the cluster's mode is observe", "start n2")

	text, err := os.ReadFile(config)
	r.must(err)
	r.must(os.WriteFile(config, []byte("nonsense: ["), 0o600))
	r.must(p.cmd.Process.Signal(unix.SIGHUP))
	r.await("a reload that failed is said", func() bool { return strings.Contains(p.output.String(), "reload failed") })
	p.metric("remediator_config_last_reload_successful 0")
	r.must(os.WriteFile(config, []byte(strings.Replace(string(text), "mode: observe", "mode: propose", 1)), 0o600))
	r.must(p.cmd.Process.Signal(unix.SIGHUP))
	inc := p.incident(journal.StateProposed, "kagu approve")
	r.slack("Proposed: start n2", "kagu approve "+inc.ID)
	if n := r.verbs("n2", node.Start) - before; n != 0 {
		r.t.Fatalf("%d verbs were sent without consent", n)
	}
	if _, err := p.client().Approve(r.t.Context(), inc.ID, "ana"); err != nil {
		r.t.Fatal(err)
	}
	p.incident(journal.StateHealed, "")
	if n := r.verbs("n2", node.Start) - before; n != 1 {
		r.t.Errorf("%d verbs were sent, want 1", n)
	}
	p.halt()
}

func respectsHumans(r *rig) {
	before := r.verbs("n2", node.Start)
	p := r.start(r.lab.Config(), r.t.TempDir(), "")
	r.must(r.lab.Stop(r.t.Context(), "n2"))
	p.alert("n2")
	p.incident(journal.StateRefused, "was stopped on purpose")
	r.slack("Not acting because n2 was stopped on purpose")
	r.must(r.lab.Start(r.t.Context(), "n2"))
	p.incident(journal.StateGone, "")
	r.whole()

	_, err := p.client().BeginMaintenance(r.t.Context(), "lab", remediator.MaintenanceRequest{Until: time.Now().Add(time.Hour), By: "ana", Why: "new disk"})
	r.must(err)
	r.must(r.lab.Kill(r.t.Context(), "n2"))
	p.alert("n2")
	p.incident(journal.StateRefused, "by ana (new disk)")
	p.metric(`remediator_maintenance{cluster="lab"} 1`)
	if n := r.verbs("n2", node.Start) - before; n != 0 {
		r.t.Fatalf("%d verbs were sent", n)
	}
	r.must(p.client().EndMaintenance(r.t.Context(), "lab"))
	p.incident(journal.StateHealed, "")
	p.halt()
}

func leavesAFrozenNodeAlone(r *rig) {
	before := r.verbs("n2", node.Start)
	p := r.start(r.lab.Config(), r.t.TempDir(), "")
	r.must(r.lab.Freeze(r.t.Context(), "n2"))
	p.alert("n2")
	p.incident(journal.StateRefused, "is frozen")
	r.slack("a second one beside it would wreck its data")
	time.Sleep(5 * time.Second) // two more looks
	if n := r.servers("n2"); n != 1 {
		r.t.Errorf("%d processes run on the data of n2, want the frozen one", n)
	}
	if n := r.verbs("n2", node.Start) - before; n != 0 {
		r.t.Errorf("%d start verbs were sent to a host with a frozen server", n)
	}
	r.must(r.lab.Thaw(r.t.Context(), "n2"))
	p.incident(journal.StateGone, "")
	p.halt()
}

func keepsTheQuorum(r *rig) {
	p := r.start(r.lab.Config(), r.t.TempDir(), "")
	before := r.verbs("n2", node.Start) + r.verbs("n3", node.Start)
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	r.must(r.lab.Kill(ctx, "n2"))
	r.must(r.lab.AwaitStatus(ctx, "n1", "wsrep_cluster_size", "2"))
	r.must(r.lab.Stop(ctx, "n3"))
	r.must(r.lab.AwaitStatus(ctx, "n1", "wsrep_cluster_size", "1"))
	p.alert("n2")
	p.incident(journal.StateRefused, "only 1 of 3 members are in the primary component")
	r.slack("only 1 of 3 members are in the primary component", "losing it as well would stop the cluster")
	p.metric(`remediator_vetoes_total{cluster="lab",guard="quorum"}`)
	if n := r.verbs("n2", node.Start) + r.verbs("n3", node.Start) - before; n != 0 {
		r.t.Errorf("%d start verbs were sent", n)
	}
	p.halt()
}

func explainsNoPrimary(r *rig) {
	p := r.start(r.lab.Config(), r.t.TempDir(), "")
	before := r.verbs("n2", node.Start) + r.verbs("n3", node.Start)
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	r.must(r.lab.Kill(ctx, "n2"))
	r.must(r.lab.Kill(ctx, "n3"))
	r.must(r.lab.AwaitStatus(ctx, "n1", "wsrep_cluster_status", "non-Primary"))
	p.alert("n2")
	p.incident(journal.StateRefused, "no member is in a primary component (n1 not in a primary component, n2 down, n3 down)")
	r.slack("founding a new one on the wrong member loses data")
	p.metric(`remediator_incident_open{cluster="lab",node="",problem="galera-no-primary",state="refused"} 1`)
	if n := r.verbs("n2", node.Start) + r.verbs("n3", node.Start) - before; n != 0 {
		r.t.Errorf("%d start verbs were sent", n)
	}
	p.halt()
}

func refusesAWrongHostKey(r *rig) {
	known, err := os.ReadFile(filepath.Join(r.lab.Dir, "known_hosts"))
	r.must(err)
	lines := strings.Split(strings.TrimSpace(string(known)), "\n")
	address := func(line string) string { return strings.Fields(line)[0] }
	swapped := strings.Replace(lines[0], address(lines[0]), address(lines[1]), 1)
	r.must(os.WriteFile(filepath.Join(r.lab.Dir, "test_known_hosts"), []byte(lines[0]+"\n"+swapped+"\n"+lines[2]+"\n"), 0o600))
	p := r.start(r.config("known_hosts_file: known_hosts", "known_hosts_file: test_known_hosts"), r.t.TempDir(), "")
	before := r.verbs("n2", node.Start)
	r.must(r.lab.Kill(r.t.Context(), "n2"))
	p.alert("n2")
	inc := p.incident(journal.StateRefused, "unreachable is not dead")
	if !strings.Contains(inc.Summary, "shows a key that is not the pinned one") {
		r.t.Errorf("the summary does not name the key: %s", inc.Summary)
	}
	if n := r.verbs("n2", node.Start) - before; n != 0 {
		r.t.Errorf("%d verbs were sent to a host of another key", n)
	}
	p.halt()
}

func boundsAHangingHost(r *rig) {
	p := r.start(r.lab.Config(), r.t.TempDir(), "")
	r.must(r.lab.FreezeService("sshd n2"))
	r.must(r.lab.Kill(r.t.Context(), "n2"))
	began := time.Now()
	p.alert("n2")
	inc := p.incident(journal.StateRefused, "unreachable is not dead")
	for _, e := range inc.Events {
		if took := e.At.Sub(began); e.Kind == "observed" && took > 3500*time.Millisecond {
			r.t.Logf("the first look took %s", took) // a figure, not a limit: see make bench
		}
	}
	r.must(r.lab.ThawService("sshd n2"))
	p.incident(journal.StateHealed, "")
	p.halt()
}

func namesAWrongPassword(r *rig) {
	wrong := filepath.Join(r.lab.Dir, "wrong.pass")
	r.must(os.WriteFile(wrong, []byte("wrong"), 0o600))
	p := r.start(r.config("password_file: kagu_monitor.pass", "password_file: wrong.pass"), r.t.TempDir(), "")
	p.alert("n2")
	p.incident(journal.StateRefused, "access denied")
	p.halt()
}

func survivesAFullDisk(r *rig) {
	if os.Geteuid() != 0 {
		needs.Missing(r.t, errors.New("a small tmpfs to fill: run as root"))
	}
	disk := r.t.TempDir()
	r.must(unix.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"))
	defer func() { _ = unix.Unmount(disk, unix.MNT_DETACH) }()
	before := r.verbs("n2", node.Start)
	p := r.start(r.lab.Config(), filepath.Join(disk, "journal"), "")
	ballast := filepath.Join(disk, "ballast")
	fill(ballast)
	r.must(r.lab.Kill(r.t.Context(), "n2"))
	if status, text := p.post("n2", time.Now(), "firing"); status != http.StatusServiceUnavailable {
		r.t.Errorf("a hint that cannot be stored was answered %d %s, want 503", status, text)
	}
	resp, err := http.Get(p.url + "/-/ready")
	r.must(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		r.t.Errorf("/-/ready answers %d on a full disk", resp.StatusCode)
	}
	p.metric(`remediator_hints_total{outcome="lost"} 1`)
	if n := r.verbs("n2", node.Start) - before; n != 0 {
		r.t.Fatalf("%d verbs were sent without a journal", n)
	}
	r.must(os.Remove(ballast))
	p.alert("n2") // Alertmanager sends it again
	p.incident(journal.StateHealed, "")
	p.halt()
}

// fill writes until the disk is full.
func fill(path string) {
	f, err := os.Create(path)
	if err != nil {
		return
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
}

func saysWhyItCannotStart(r *rig) {
	storage := r.t.TempDir()
	p := r.start(r.lab.Config(), storage, "")
	for _, tc := range []struct{ name, config, storage, address, says string }{
		{"port", r.lab.Config(), r.t.TempDir(), strings.TrimPrefix(p.url, "http://"), "another program has this port"},
		{"journal", r.lab.Config(), storage, r.address(), "in use by another process: end that one first"},
		{"secret", r.config("password_file: kagu_monitor.pass", "password_file: gone.pass"), r.t.TempDir(), r.address(), "gone.pass"},
	} {
		out, err := r.command(tc.config, tc.storage, tc.address).CombinedOutput()
		if err == nil || !strings.Contains(string(out), tc.says) {
			r.t.Errorf("%s: got %v %s, want an error that says %q", tc.name, err, out, tc.says)
		}
	}
	p.halt()
}
