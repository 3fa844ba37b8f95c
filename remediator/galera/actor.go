package galera

import (
	"context"
	"errors"
	"fmt"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/remediator"
)

// An Actor carries out steps by kagu-node's verbs.
type Actor struct {
	Hosts Asker
}

// Do sends the verb of the step, once.
func (a Actor) Do(ctx context.Context, o remediator.Order) (note string, err error) {
	if o.Step.Action != Start {
		return "", fmt.Errorf("%w: there is no verb for %q", remediator.ErrRefused, o.Step.Action.Name)
	}
	n, ok := o.Cluster.Node(o.Step.Node)
	if !ok {
		return "", fmt.Errorf("%w: %s is not in kagu.yaml any more", remediator.ErrRefused, o.Step.Node)
	}
	reply, err := a.Hosts.Do(ctx, n.Host, node.Request{
		Verb: node.Start, Cluster: o.Cluster.Name, Node: n.Name,
		ID: o.ID, NotAfter: o.NotAfter, By: "remediator", Why: o.Why,
	})
	if err == nil {
		err = reply.Err()
	}
	if st := reply.State; st != nil && st.Process == cluster.ProcessRunning {
		note = fmt.Sprintf("process %d is up since %s", st.PID, st.Since.Format("15:04:05.0"))
	}
	var refused *node.Refusal
	switch {
	case errors.As(err, &refused):
		return note, fmt.Errorf("%w: %s", remediator.ErrRefused, refused.Reason)
	case errors.Is(err, node.ErrUnsure):
		return note, fmt.Errorf("%w: %w", remediator.ErrUnsure, err)
	}
	return note, err
}

// Kind is what the engine needs to heal Galera clusters.
func Kind(hosts Asker) remediator.Kind {
	return remediator.Kind{
		Observer: Observer{Hosts: hosts}, Problems: Problems, Guards: []remediator.Guard{Quorum{}},
		Actor: Actor{Hosts: hosts}, Describe: Describe,
	}
}
