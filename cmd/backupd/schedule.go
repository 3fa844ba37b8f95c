package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/kagu-db/kagu/backupd"
)

// bySchedule is who asks when nobody does.
const bySchedule = "schedule"

func (p *program) scheduler(c *backupd.Catalogue) *backupd.Scheduler {
	return &backupd.Scheduler{Fleet: p.fleet, Memory: c, Begin: p.begin, Around: p.around, Log: p.log}
}

// begin begins what is due.
func (p *program) begin(ctx context.Context, s backupd.Slot) (err error) {
	switch s.What {
	case backupd.Taking:
		_, err = p.engine.Take(ctx, s.Cluster, s.Job, bySchedule)
	case backupd.Proving:
		_, err = p.engine.Prove(ctx, s.Cluster, "", bySchedule)
	case backupd.Pruning:
		_, err = p.engine.Prune(ctx, s.Cluster, bySchedule)
	default:
		err = fmt.Errorf("nothing is known of %q", s.What)
	}
	return err
}

// around looks at what may hold a job back. Whether a member is busy with a state transfer, the
// choice of the donor finds out.
func (p *program) around(ctx context.Context, s backupd.Slot) backupd.Around {
	var a backupd.Around
	for _, r := range p.engine.Running() {
		if r.Cluster == s.Cluster {
			a.Running = &r
		}
	}
	var err error
	a.Maintenance, err = backupd.Remediator{URL: p.fleet().Remediator.URL, HTTP: http.DefaultClient}.Maintenance(ctx, s.Cluster)
	if err != nil {
		a.Unknown = append(a.Unknown, "whether the cluster is in maintenance: "+err.Error())
	}
	return a
}
