package alerts

import (
	"github.com/kagu-db/kagu/internal/metric"
)

// Member names a Galera node of the fleet.
type Member struct{ Cluster, Node string }

// FleetFile returns the recordings that hold for one fleet only: which Galera nodes and which NDB
// clusters there should be. Each is a target of its exporter.
func FleetFile(members []Member, ndbClusters []string) File {
	group := Group{Name: "fleet"}
	for _, m := range members {
		group.Recordings = append(group.Recordings, expected(metric.GaleraNodeExpected, map[string]string{
			metric.Job: JobGalera, metric.Cluster: m.Cluster, metric.Node: m.Node,
		}))
	}
	for _, c := range ndbClusters {
		group.Recordings = append(group.Recordings, expected(metric.NdbClusterExpected, map[string]string{
			metric.Job: JobNDB, metric.Cluster: c,
		}))
	}
	return File{Name: "fleet.yml", Groups: []Group{group}}
}

func expected(f *metric.Family, labels map[string]string) Recording {
	return Recording{Name: f.Name, Expr: "vector(1)", Labels: labels}
}
