package ndb

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/ndb"
)

// testify asks the SQL nodes how the data nodes are, for management servers that have contact with
// none. It does no more than what is on: what it reads, the collectors of the SQL nodes read too.
func (l *look) testify(ctx context.Context) ndb.Testimony {
	var t ndb.Testimony
	if !l.isOn("sql") {
		return t
	}
	ctx, cancel := context.WithTimeout(ctx, nodeDeadline)
	defer cancel()
	reports := make([]selfReport, len(l.sql.nodes))
	var all sync.WaitGroup
	for i, n := range l.sql.nodes {
		all.Go(func() { reports[i], _ = l.sql.report(ctx, n) }) // one that does not answer says nothing; its own collector tells why
	}
	all.Wait()
	started := 0 // by the word of who sees the most
	for _, r := range reports {
		switch {
		case r.connected():
			t.Reach = cluster.Yes
			ready, _ := number(r.status, "ndb_number_of_ready_data_nodes")
			started = max(started, int(ready))
		case r.status != nil && t.Reach == cluster.Unknown:
			t.Reach = cluster.No
		}
	}
	if t.Reach != cluster.Yes || !l.isOn("ndbinfo") {
		return t
	}
	rows, err := l.sql.rows(ctx, nodesTable)
	if err != nil || len(rows) != started {
		return t // one that starts is in the table too: it cannot be told which of them are started
	}
	t.Started = map[int]bool{}
	for _, row := range rows {
		if id, err := strconv.Atoi(row["node_id"]); err == nil {
			t.Started[id] = true
		}
	}
	return t
}

func (l *look) isOn(source string) bool {
	return slices.ContainsFunc(l.switches.On(), func(s Source) bool { return s.Name == source })
}
