package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/journal"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/remediator"
)

var kills = flag.Int("kills", 10, "how often a node is killed for each figure of the loop")

// BenchmarkLoop kills nodes of a real cluster and lets the whole loop heal them: exporter,
// Prometheus, Alertmanager, remediator, kagu-node. Then the same by hand.
func BenchmarkLoop(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	for _, profile := range []lab.Profile{lab.ProfileDefault, lab.ProfileLAN} {
		l := up(b, lab.Options{Services: lab.Everything(), Mode: cluster.ModeAuto, Profile: profile})
		restless(b, l)
		var healed, toVerb, ours, decision []time.Duration
		for i := range *kills {
			h := heal(b, l, l.Nodes[1+i%2].Name)
			healed, toVerb, ours, decision = append(healed, h.synced), append(toVerb, h.verb), append(ours, h.verb-h.membership), append(decision, h.decision)
		}
		by := fmt.Sprintf(" (evs %s)", profile)
		row{"kill -9 → Synced by the loop" + by, healed, 0.5, 20 * time.Second}.print()
		row{"webhook received → verb on its way" + by, toVerb, 0.99, 2 * time.Second}.print()
		row{"  of that without waiting for the group's own view change" + by, ours, 0.99, 2 * time.Second}.print()
		row{"webhook received → first decision, all afresh" + by, decision, 0.99, 1500 * time.Millisecond}.print()
		if profile == lab.ProfileDefault {
			var now, later []time.Duration
			for i := range max(3, *kills/2) {
				now = append(now, byHand(b, l, l.Nodes[1+i%2].Name, 1500*time.Millisecond))
				later = append(later, byHand(b, l, l.Nodes[1+i%2].Name, 6500*time.Millisecond))
			}
			row{"kill -9 → Synced, started by hand 1.5 s after the kill" + by, now, 0, 0}.print()
			row{"kill -9 → Synced, started by hand 6.5 s after the kill" + by, later, 0, 0}.print()
		}
	}
}

func up(b *testing.B, o lab.Options) *lab.Lab {
	b.Helper()
	o.Progress = func(string) {}
	return labtest.Up(b, o)
}

// restless takes the pause between acts out of the lab's kagu.yaml, or n would take hours.
func restless(b *testing.B, l *lab.Lab) {
	b.Helper()
	text, err := os.ReadFile(l.Config())
	check(b, err)
	changed := strings.Replace(string(text), "cooldown: 30s", "cooldown: 0s", 1)
	if changed == string(text) {
		b.Fatal("the lab's kagu.yaml has no cooldown of 30s")
	}
	check(b, os.WriteFile(l.Config(), []byte(changed), 0o600))
	for _, p := range l.Processes {
		if p.Name == string(lab.Remediator) {
			check(b, syscall.Kill(p.PID, syscall.SIGHUP))
		}
	}
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// A healing is one kill: how long until the node was synced, and from the webhook's arrival to
// the first decision and the verb, and how much of that the guards waited for the group.
type healing struct{ synced, decision, verb, membership time.Duration }

func heal(b *testing.B, l *lab.Lab, node string) healing {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 3*time.Minute)
	defer cancel()
	settled(b, ctx, l)
	began := time.Now()
	check(b, l.Kill(ctx, node))
	check(b, awaitGone(ctx, l, node))
	check(b, l.AwaitStatus(ctx, node, "wsrep_local_state_comment", "Synced"))
	h := healing{synced: time.Since(began)}
	inc := awaitHealed(b, ctx, l, node, began)
	var hint, decided, verb time.Time
	for _, e := range inc.Events {
		switch {
		case e.Kind == "hint" && hint.IsZero():
			hint = e.At
		case e.Kind == "problem":
			decided = e.At
		case e.Kind == "verb":
			verb = e.At
		}
	}
	h.decision, h.verb = decided.Sub(hint), verb.Sub(hint)
	h.membership = max(0, verb.Sub(decided)-100*time.Millisecond)
	return h
}

func awaitGone(ctx context.Context, l *lab.Lab, node string) error {
	for ctx.Err() == nil {
		if vars, err := l.Wsrep(ctx, node); err != nil || vars["wsrep_local_state_comment"] != "Synced" {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return ctx.Err()
}

// settled waits until the cluster is whole and the remediator has nothing open.
func settled(b *testing.B, ctx context.Context, l *lab.Lab) {
	b.Helper()
	check(b, l.AwaitSynced(ctx))
	for _, n := range l.Nodes {
		check(b, l.AwaitStatus(ctx, n.Name, "wsrep_cluster_size", fmt.Sprint(len(l.Nodes))))
	}
	client := remediator.Client{URL: l.URL(lab.Remediator), HTTP: http.DefaultClient}
	for {
		open, err := client.Incidents(ctx, journal.Filter{OpenOnly: true})
		check(b, err)
		if len(open) == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(5 * time.Second) // until Prometheus and Alertmanager have let the last alert go
}

func awaitHealed(b *testing.B, ctx context.Context, l *lab.Lab, node string, since time.Time) journal.Incident {
	b.Helper()
	client := remediator.Client{URL: l.URL(lab.Remediator), HTTP: http.DefaultClient}
	for {
		list, err := client.Incidents(ctx, journal.Filter{Limit: 5})
		check(b, err)
		for _, inc := range list {
			if inc.Node == node && inc.Problem == "galera-node-down" && inc.Opened.After(since) && inc.State.Closed() {
				return inc
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// byHand kills a node and starts it again after a while, with the same verb over SSH.
func byHand(b *testing.B, l *lab.Lab, node string, after time.Duration) time.Duration {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 3*time.Minute)
	defer cancel()
	check(b, l.KillService(string(lab.Remediator)))
	defer func() { check(b, l.Restart(ctx, lab.Remediator)) }()
	check(b, l.AwaitSynced(ctx))
	began := time.Now()
	check(b, l.Kill(ctx, node))
	time.Sleep(time.Until(began.Add(after)))
	check(b, l.Start(ctx, node))
	check(b, l.AwaitStatus(ctx, node, "wsrep_local_state_comment", "Synced"))
	return time.Since(began)
}

// BenchmarkWebhook sends webhooks to the real program at a steady rate; each is on disk when it
// is answered.
func BenchmarkWebhook(b *testing.B) {
	if b.N > 1 {
		return
	}
	l := up(b, lab.Options{Nodes: 1, Services: []lab.Service{lab.SSH, lab.Remediator}, Mode: cluster.ModeObserve})
	for _, load := range []struct {
		rate   int
		length time.Duration
	}{{100, time.Minute}, {1000, 10 * time.Second}} {
		took, refused := storm(b, l.URL(lab.Remediator)+"/api/v1/alerts", load.rate, load.length)
		row{fmt.Sprintf("webhook → durable 202 at %d/s for %s", load.rate, load.length), took, 0.99, 50 * time.Millisecond}.print()
		fmt.Printf("  not answered 202: %d of %d; the remediator's resident memory: %s\n", refused, load.rate*int(load.length.Seconds()), resident(l))
	}
}

// storm sends distinct alerts on time, whether or not the ones before were answered.
func storm(b *testing.B, url string, rate int, length time.Duration) (took []time.Duration, refused int) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: 30 * time.Second}
	type answer struct {
		took time.Duration
		ok   bool
	}
	count := rate * int(length.Seconds())
	answers := make(chan answer, count)
	began := time.Now()
	for i := range count {
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		go func() {
			body := alertBody(b, began, i)
			sent := time.Now()
			resp, err := client.Post(url, "application/json", bytes.NewReader(body))
			if err == nil {
				resp.Body.Close()
			}
			answers <- answer{time.Since(sent), err == nil && resp.StatusCode == http.StatusAccepted}
		}()
	}
	for range count {
		a := <-answers
		took = append(took, a.took)
		if !a.ok {
			refused++
		}
	}
	client.CloseIdleConnections()
	return took, refused
}

func alertBody(b *testing.B, began time.Time, i int) []byte {
	body, err := json.Marshal(map[string]any{
		"version": "4", "status": "firing", "alerts": []any{map[string]any{
			"status": "firing", "startsAt": began, "fingerprint": fmt.Sprintf("%x-%d", began.UnixNano(), i),
			"labels": map[string]string{"alertname": "GaleraNodeDown", "cluster": lab.ClusterName, "node": "n1", "remediate": "true"},
		}},
	})
	if err != nil {
		b.Error(err)
	}
	return body
}

func resident(l *lab.Lab) string {
	for _, p := range l.Processes {
		if p.Name != string(lab.Remediator) || !p.Alive() {
			continue
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
		if err != nil {
			return err.Error()
		}
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
				return strings.TrimSpace(value)
			}
		}
	}
	return "unknown"
}
