package galera

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// between is the time between the two looks from which one sees who is written to.
const between = time.Second

// patience is how long one look at one member may take.
const patience = 5 * time.Second

// observe looks at every member twice. Who does not answer is unknown in the snapshot.
func observe(ctx context.Context, c inventory.Cluster) (cluster.Snapshot, error) {
	s := cluster.Snapshot{Cluster: c.Name, Kind: c.Kind, Taken: time.Now(), Nodes: make([]cluster.Node, len(c.Nodes))}
	var all sync.WaitGroup
	for i, n := range c.Nodes {
		s.Nodes[i] = cluster.Node{Name: n.Name, Host: n.Host.Name, Role: n.Role, Process: cluster.ProcessUnknown, Galera: &cluster.Galera{}}
		all.Go(func() {
			sight := cluster.Sight{Seat: "sql", At: time.Now()}
			g, err := look(ctx, c, n)
			if err != nil {
				sight.Note = cluster.Printable(err.Error())
			} else {
				sight.Alive, s.Nodes[i].Galera = cluster.Yes, &g
			}
			s.Nodes[i].Sights = []cluster.Sight{sight}
		})
	}
	all.Wait()
	s.Took = time.Since(s.Taken)
	if err := context.Cause(ctx); err != nil {
		return s, fmt.Errorf("observe %s: %w", c.Name, err)
	}
	return s, nil
}

func look(ctx context.Context, c inventory.Cluster, n inventory.Node) (cluster.Galera, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience+between)
	defer cancel()
	db := sqlconn.Open(n.SQL, c.Credential, c.TLS)
	defer db.Close()
	before, err := status(ctx, db)
	if err != nil {
		return cluster.Galera{}, err
	}
	select {
	case <-time.After(between):
	case <-ctx.Done():
		return cluster.Galera{}, context.Cause(ctx)
	}
	st, err := status(ctx, db)
	if err != nil {
		return cluster.Galera{}, err
	}
	g := cluster.Galera{
		Answers: cluster.Yes, Ready: st.Ready, State: st.State, Comment: cluster.Printable(st.Comment), StateUUID: st.ClusterUUID,
		Size: int(st.ClusterSize.Value), Seqno: st.LastCommitted.Value, Queue: known(st.RecvQueue), Desyncs: known(st.DesyncCount),
	}
	if st.ClusterStatus != "" {
		g.Primary = cluster.TruthOf(st.ClusterStatus == "primary")
	}
	if before.Replicated.Known && st.Replicated.Known {
		wrote := st.Replicated.Value - before.Replicated.Value
		g.Wrote = &wrote
	}
	return g, nil
}

func status(ctx context.Context, db *sqlconn.DB) (wsrep.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	vars, err := db.Pairs(ctx, "SHOW GLOBAL STATUS LIKE 'wsrep%'")
	if err != nil {
		return wsrep.Status{}, err
	}
	return wsrep.ParseStatus(vars), nil
}

func known(n wsrep.Int) *int64 {
	if !n.Known {
		return nil
	}
	return &n.Value
}
