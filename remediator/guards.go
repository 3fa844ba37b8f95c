package remediator

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/journal"
)

// KillSwitch vetoes everything while its file exists, and while it cannot tell whether the
// file exists.
type KillSwitch struct{ File string }

// Name returns "kill-switch".
func (KillSwitch) Name() string { return "kill-switch" }

// Check looks for the file.
func (k KillSwitch) Check(context.Context, Case) error {
	if k.File == "" {
		return nil
	}
	_, err := os.Lstat(k.File)
	switch {
	case err == nil:
		return vetof(k.Name(), "the kill switch %s is on: remove the file to let the remediator act again", k.File)
	case isNotExist(err):
		return nil
	default:
		return fmt.Errorf("look for the kill switch: %w", err)
	}
}

// isNotExist is stricter than fs.ErrNotExist: the file's folder must be there, or somebody
// moved the kill switch out of reach.
func isNotExist(err error) bool {
	pathErr, ok := err.(*fs.PathError)
	if !ok || !os.IsNotExist(err) {
		return false
	}
	folder := pathErr.Path[:strings.LastIndex(pathErr.Path, "/")+1]
	if folder == "" {
		folder = "."
	}
	_, err = os.Stat(folder)
	return err == nil
}

// InMaintenance vetoes while a human has asked to leave the cluster alone.
type InMaintenance struct{ Journal *journal.Journal }

// Name returns "maintenance".
func (InMaintenance) Name() string { return "maintenance" }

// Check asks the journal.
func (g InMaintenance) Check(ctx context.Context, c Case) error {
	list, err := g.Journal.Maintenances(ctx, time.Now())
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.Cluster == c.Cluster.Name {
			return vetof(g.Name(), "in maintenance until %s by %s (%s)", m.Until.Format(time.RFC3339), m.By, m.Why)
		}
	}
	return nil
}

// Evidence wants two seats that saw each node of the plan dead, none that saw it alive, and
// a look that is fresh.
type Evidence struct{ MaxAge time.Duration }

// Name returns "evidence".
func (Evidence) Name() string { return "evidence" }

// Check counts the seats.
func (g Evidence) Check(_ context.Context, c Case) error {
	if age := time.Since(c.Snapshot.Taken); age > g.MaxAge {
		return vetof(g.Name(), "the look is %s old, more than %s", age.Round(time.Second), g.MaxAge)
	}
	for _, step := range c.Plan.Steps {
		node, ok := c.Snapshot.Node(step.Node)
		if !ok {
			return vetof(g.Name(), "%s was not looked at", step.Node)
		}
		if node.Seats(cluster.Yes) > 0 {
			return vetof(g.Name(), "the seats disagree about %s: %s", step.Node, seats(node))
		}
		if dead := node.Seats(cluster.No); dead < 2 {
			return vetof(g.Name(), "%d of the 2 seats needed saw %s dead: %s", dead, step.Node, seats(node))
		}
	}
	return nil
}

func seats(n cluster.Node) string {
	var all []string
	for _, s := range n.Sights {
		word := map[cluster.Truth]string{cluster.Yes: "alive", cluster.No: "dead", cluster.Unknown: "cannot tell"}[s.Alive]
		if s.Note != "" {
			word += " (" + s.Note + ")"
		}
		all = append(all, s.Seat+": "+word)
	}
	if len(all) == 0 {
		return "nobody looked"
	}
	return strings.Join(all, ", ")
}

// Fresh vetoes when no alert stands behind the case any more: all were resolved, or began so
// long ago that they may tell of another time. A human's consent stands in for an alert.
type Fresh struct{}

// Name returns "stale-alert".
func (Fresh) Name() string { return "stale-alert" }

// Check compares the alerts' starts with the incident's: how old they were when the trouble was
// first seen here. What the remediator itself waited since then does not make them older.
func (g Fresh) Check(_ context.Context, c Case) error {
	if c.Consent {
		return nil
	}
	open := slices.DeleteFunc(slices.Clone(c.Hints), func(h journal.Hint) bool { return h.Resolved })
	if len(open) == 0 {
		return vetof(g.Name(), "no alert about the cluster is firing any more")
	}
	newest := slices.MaxFunc(open, func(a, b journal.Hint) int { return a.StartsAt.Compare(b.StartsAt) })
	seen := c.Incident.Opened
	if now := time.Now(); seen.After(now) { // the clock was set back since
		seen = now
	}
	age := seen.Sub(newest.StartsAt)
	if limit := c.Cluster.Policy.MaxAlertAge; age > limit {
		return vetof(g.Name(), "the alert %s began %s before anybody looked, longer than max_alert_age %s; `kagu approve %s` if it is still true",
			newest.Alert, age.Round(time.Second), limit, c.Incident.ID)
	}
	if ahead := time.Until(newest.StartsAt); ahead > time.Minute {
		return vetof(g.Name(), "the alert %s begins %s in the future: compare the clocks of Prometheus and of this host", newest.Alert, ahead.Round(time.Second))
	}
	return nil
}

// Intent respects who stopped a node on purpose.
type Intent struct{}

// Name returns "operator-stop".
func (Intent) Name() string { return "operator-stop" }

// Check looks for a stop that somebody wanted.
func (g Intent) Check(_ context.Context, c Case) error {
	for _, step := range c.Plan.Steps {
		if n, ok := c.Snapshot.Node(step.Node); ok && n.StoppedBy != "" {
			return vetof(g.Name(), "%s was stopped on purpose (%s): `kagu start %s/%s` brings it back", step.Node, n.StoppedBy, c.Cluster.Name, step.Node)
		}
	}
	return nil
}

// Disk vetoes when a node's data directory is nearly full, or when nobody told how full it is.
type Disk struct{}

// Name returns "disk".
func (Disk) Name() string { return "disk" }

// Check compares with the policy's min_disk_free.
func (g Disk) Check(_ context.Context, c Case) error {
	for _, step := range c.Plan.Steps {
		n, ok := c.Snapshot.Node(step.Node)
		if !ok || n.DiskFree == nil {
			return vetof(g.Name(), "nobody could tell how full the disk of %s is", step.Node)
		}
		if *n.DiskFree < c.Cluster.Policy.MinDiskFree {
			return vetof(g.Name(), "the disk of %s has %.1f %% free, less than min_disk_free %.1f %%", step.Node, *n.DiskFree*100, c.Cluster.Policy.MinDiskFree*100)
		}
	}
	return nil
}

// Mode vetoes what the cluster's mode does not allow. It is asked last: a plan that only the
// mode stops is one that could be carried out.
type Mode struct{}

// Name returns "mode".
func (Mode) Name() string { return "mode" }

// Check compares the plan with the mode.
func (g Mode) Check(_ context.Context, c Case) error {
	switch {
	case c.Cluster.Mode == cluster.ModeObserve:
		return vetof(g.Name(), "the cluster's mode is observe")
	case c.Consent:
		return nil
	case c.Cluster.Mode == cluster.ModePropose:
		return vetof(g.Name(), "the cluster's mode is propose: `kagu approve %s` lets it happen", c.Incident.ID)
	case c.Cluster.Mode == cluster.ModeAuto && c.Plan.Safe():
		return nil
	case c.Cluster.Mode == cluster.ModeAuto:
		return vetof(g.Name(), "the plan could lose data: `kagu approve %s` lets it happen", c.Incident.ID)
	default:
		return fmt.Errorf("the mode %q is not known", c.Cluster.Mode)
	}
}

// StandardGuards lists the guards of every cluster, in the order they are asked.
func StandardGuards(j *journal.Journal, k KillSwitch) []Guard {
	return []Guard{
		k,
		InMaintenance{j},
		Unfinished{j},
		Intent{},
		Evidence{MaxAge: 10 * time.Second},
		Disk{},
		Fresh{},
		Cooldown{j},
		Attempts{j},
		Mode{},
	}
}
