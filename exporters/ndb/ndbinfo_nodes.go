package ndb

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

// infoNodes is the collector that says whether ndbinfo tells anything, and through whom.
type infoNodes struct{ look *sqlLook }

// Name returns "ndbinfo".
func (infoNodes) Name() string { return "ndbinfo" }

// Collect emits the state, and the table of data nodes.
func (c infoNodes) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	err := c.look.alive(ctx)
	metric.NdbNdbinfoState.StateSet(emit, stateOf(err))
	emit(metric.NdbNdbinfoFailoversTotal.Sample(float64(c.look.seat.changes())))
	if err != nil {
		return err
	}
	n, err := c.look.choose(ctx)
	if err != nil {
		return err
	}
	emit(metric.NdbNdbinfoSQLNodeInfo.Sample(1, n.name, n.id))
	columns, err := n.detect(ctx)
	if err != nil {
		return err
	}
	unknown, absent := census(columns, everyTable)
	emit(metric.NdbNdbinfoColumns.Sample(float64(unknown), "unknown"))
	emit(metric.NdbNdbinfoColumns.Sample(float64(absent), "missing"))
	rows, err := c.look.read(ctx, nodesTable)
	for _, row := range rows {
		name, id := c.look.names.of(row["node_id"])
		cells(emit).number(metric.NdbNodeUptimeSeconds, row, "uptime", 1, name, id)
		cells(emit).number(metric.NdbNodeConfigGeneration, row, "config_generation", 1, name, id)
	}
	return err
}

// An infoCollector reads tables of ndbinfo and emits what each of them says.
type infoCollector struct {
	look *sqlLook
	name string
	of   []infoReading
}

// An infoReading is one table and what it says.
type infoReading struct {
	table table
	emit  func(e cells, names nodeNames, rows []map[string]string)
}

// Name returns the collector's name.
func (c infoCollector) Name() string { return c.name }

// Collect reads the tables side by side. One that fails leaves the others.
func (c infoCollector) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	rows := make([][]map[string]string, len(c.of))
	err := sideBySide(len(c.of), func(i int) (err error) {
		rows[i], err = c.look.rows(ctx, c.of[i].table)
		return err
	})
	for i, r := range c.of {
		r.emit(emit, c.look.names, rows[i])
	}
	return err
}
