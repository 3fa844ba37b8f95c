package backupd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

// Around is what goes on around a cluster when a job of it is due.
type Around struct {
	Running     *Run   // another job of the cluster
	Maintenance string // who has the cluster in maintenance, and why
	Transfer    string // what the cluster is at: a state transfer, a data node that comes back
	Unknown     []string
}

// Hold says why a job does not begin now; "" if it may. What could not be found out holds nothing
// back, and is told: a backup only reads, and looks for itself at the member it reads from.
func Hold(what What, a Around) string {
	switch {
	case a.Running != nil:
		return fmt.Sprintf("another job of the cluster runs: %s %s, since %s", a.Running.What, a.Running.Job, a.Running.Begun.UTC().Format(time.RFC3339))
	case what != Taking: // a proof or a prune does not touch the cluster
		return ""
	case a.Maintenance != "":
		return "the cluster is in maintenance: " + a.Maintenance
	case a.Transfer != "":
		return "the cluster is not at rest: " + a.Transfer
	}
	return ""
}

// A Remediator tells which clusters are in maintenance.
type Remediator struct {
	URL  string
	HTTP *http.Client
}

// Maintenance says who has a cluster in maintenance and why; "" if nobody has.
func (r Remediator) Maintenance(ctx context.Context, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(r.URL, "/")+"/api/v1/status", nil)
	if err != nil {
		return "", fmt.Errorf("ask the remediator: %w", err)
	}
	resp, err := r.HTTP.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask the remediator: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("ask the remediator: it answered %s", resp.Status)
	}
	var status struct {
		Clusters []struct {
			Cluster     string `json:"cluster"`
			Maintenance *struct {
				Until   time.Time
				By, Why string
			} `json:"maintenance"`
		} `json:"clusters"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 16<<20)).Decode(&status); err != nil {
		return "", fmt.Errorf("read the remediator's answer: %w", err)
	}
	for _, c := range status.Clusters {
		if m := c.Maintenance; c.Cluster == name && m != nil {
			return cluster.Printable(fmt.Sprintf("%s, by %s until %s", m.Why, m.By, m.Until.UTC().Format(time.RFC3339))), nil
		}
	}
	return "", nil
}
