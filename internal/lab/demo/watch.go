package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/slack"
)

// A watch looks at one thing again and again, and adds what it sees to the timeline.
type watch struct {
	*Timeline
	lab      *lab.Lab
	node     string
	zero     time.Time
	deadline time.Duration // from zero

	mu      sync.Mutex // guards what follows
	healed  string     // ID of the healed incident
	settled time.Time  // when it was healed
}

// every calls look until the context ends. Errors are passed over: what is watched may be
// down, which is the point.
func every(ctx context.Context, pause time.Duration, look func(context.Context) error) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		_ = look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// server sees the process come back and the node become Synced.
func (w *watch) server(ctx context.Context) error {
	p, err := w.lab.Server(w.node)
	if errors.Is(err, os.ErrProcessDone) {
		w.Add("gone", Event{time.Now(), "process gone", w.node + "'s server has ended"})
		return nil
	}
	if err != nil || !w.Saw("gone") {
		return err
	}
	w.Add("process", Event{time.Now(), "process up", fmt.Sprintf("process %d is %s's new server", p.PID, w.node)})
	status, err := w.lab.Wsrep(ctx, w.node)
	if err == nil && status["wsrep_local_state_comment"] == "Synced" {
		w.Add("synced", Event{time.Now(), "Synced", fmt.Sprintf("%s is Synced in a cluster of %s", w.node, status["wsrep_cluster_size"])})
	}
	return err
}

// prometheus sees the first scrape that found the node down, and the alert.
func (w *watch) prometheus(ctx context.Context) error {
	// timestamp() of anything but a plain selector is the moment of the query, not of the scrape.
	up := fmt.Sprintf(`galera_up{cluster=%q, node=%q}`, lab.ClusterName, w.node)
	down := fmt.Sprintf(`timestamp(%s) and %s == 0`, up, up)
	at, found, err := seconds(ctx, w.lab.URL(lab.Prometheus), down)
	if err != nil {
		return err
	}
	if found && at.After(w.zero) {
		w.Add("detected", Event{at, "detected", "a scrape of " + w.node + " found galera_up 0"})
	}
	firing, err := alerts(ctx, w.lab.URL(lab.Prometheus))
	for _, a := range firing {
		if a.State == "firing" && a.Labels["remediate"] == "true" && a.Labels["node"] == w.node && a.ActiveAt.After(w.zero) {
			name := a.Labels["alertname"]
			w.Add("alert "+name, Event{a.ActiveAt, "alert fired", name + " for " + w.node})
			w.Mark("alert")
		}
	}
	return err
}

// words names the kinds of the remediator's events for a reader who sees them first.
var words = map[string]string{
	"hint": "webhook received", "observed": "observed", "problem": "problem", "plan": "plan", "guards": "guards agree",
	"veto": "guard vetoes", "journal": "written down", "verb": "verb sent", "verb-done": "verb answered",
	"process-up": "seen: process up", "synced": "seen: Synced", "healed": "healed", "failed": "failed", "refused": "refused",
	"waiting": "waiting",
}

// remediator sees the incident's story.
func (w *watch) remediator(ctx context.Context) error {
	list, err := incidents(ctx, w.lab.URL(lab.Remediator))
	for _, i := range list {
		if i.Cluster != lab.ClusterName || i.Node != w.node || i.Opened.Before(w.zero) {
			continue
		}
		for n, e := range i.Events {
			if e.Kind == "notified" { // Slack's own line is the proof
				continue
			}
			what, ok := words[e.Kind]
			if !ok {
				what = e.Kind
			}
			w.Add(fmt.Sprint(i.ID, n), Event{e.At, what, e.Text})
			if e.Kind == "healed" && i.State == "healed" {
				w.mu.Lock()
				w.healed, w.settled = i.ID, e.At
				w.mu.Unlock()
				w.Mark("healed")
			}
		}
	}
	return err
}

// slack sees what was said. The line about the healing names the incident.
func (w *watch) slack(context.Context) error {
	w.mu.Lock()
	healed, settled := w.healed, w.settled
	w.mu.Unlock()
	said, err := slack.Read(w.lab.SlackFile())
	for n, m := range said {
		if m.At.Before(w.zero) {
			continue
		}
		w.Add(fmt.Sprint("slack ", n), Event{m.At, "Slack", m.Text})
		if healed != "" && strings.Contains(m.Text, healed) && !m.At.Before(settled) {
			w.Mark("told")
		}
	}
	return err
}
