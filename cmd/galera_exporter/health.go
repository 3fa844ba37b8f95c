package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/exporters/galera"
	"github.com/kagu-db/kagu/internal/metric"
)

// health are the flags about answers to proxies.
type health struct {
	exporters.HealthSettings
	agent                     string // listen address of HAProxy's agent check
	donor, desynced, readOnly string // what such a node is given
	queue                     int64
}

// grades are the words in which a flag says what a node may be given.
var grades = map[string]galera.Grade{"none": galera.Queries, "reader": galera.ForReads, "writer": galera.ForWrites}

func (h *health) flags(app *kingpin.Application) {
	app.Flag("health.max-age", "How old the state behind an answer to a proxy may be; the node is looked at twice in this time, while a proxy asks.").
		Default("200ms").DurationVar(&h.MaxAge)
	app.Flag("health.timeout", "How long a look at the node may hang before its connection is given up.").
		Default("2s").DurationVar(&h.Deadline)
	app.Flag("health.rise", "Good looks in a row after which a node that was refused is taken again.").
		Default("5").IntVar(&h.Rise)
	app.Flag("health.maintenance-file", "While this file exists every answer is no, and the agent says maint.").
		Default("").StringVar(&h.MaintenanceFile)
	app.Flag("health.donor", "What a donor is given whose transfer does not block it: none, reader or writer.").
		Default("reader").EnumVar(&h.donor, "none", "reader", "writer")
	app.Flag("health.desynced", "What a node with wsrep_desync=ON is given: none, reader or writer.").
		Default("none").EnumVar(&h.desynced, "none", "reader", "writer")
	app.Flag("health.read-only", "What a node with read_only=ON is given: none or reader.").
		Default("reader").EnumVar(&h.readOnly, "none", "reader")
	app.Flag("health.queue", "Receive queue at which the agent asks for the lowest weight; 0 leaves the weight alone.").
		Default("100").Int64Var(&h.queue)
	app.Flag("health.agent-listen-address", "Address for HAProxy's agent check; off by default. It answers for the node of --node.").
		Default("").StringVar(&h.agent)
}

func (h *health) check(node string) error {
	if h.agent != "" && node == "" {
		return errors.New("--health.agent-listen-address: the agent answers for one node; name it with --node=CLUSTER/NODE")
	}
	if err := h.HealthSettings.Check(); err != nil {
		return fmt.Errorf("health flags: %w", err)
	}
	return nil
}

func (h *health) policy() galera.HealthPolicy {
	return galera.HealthPolicy{
		Donor: grades[h.donor], Desynced: grades[h.desynced], ReadOnly: grades[h.readOnly], Queue: h.queue,
	}
}

func (h *health) settings() exporters.HealthSettings {
	s := h.HealthSettings
	s.Families = exporters.HealthFamilies{
		Health: metric.GaleraHealth, Age: metric.GaleraHealthAgeSeconds, LookSeconds: metric.GaleraHealthLookDurationSeconds,
		Looks: metric.GaleraHealthLooksTotal, Late: metric.GaleraHealthLateLooksTotal, Transitions: metric.GaleraHealthTransitionsTotal,
	}
	return s
}

// serveAgent answers HAProxy's agent checks if that is wanted.
func (h *health) serveAgent(ctx context.Context, answers *exporters.Health) error {
	if h.agent == "" {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", h.agent)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: another program has this port; stop it or choose another --health.agent-listen-address", err)
	}
	if err != nil {
		return fmt.Errorf("listen for agent checks: %w", err)
	}
	return answers.ServeAgent(ctx, l)
}
