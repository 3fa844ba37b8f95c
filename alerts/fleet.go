package alerts

import (
	"github.com/kagu-db/kagu/internal/metric"
)

// Member names a Galera node of the fleet.
type Member struct{ Cluster, Node string }

// FleetFile returns the recordings that hold for one fleet only: which nodes there should be.
func FleetFile(members []Member) File {
	group := Group{Name: "fleet"}
	for _, m := range members {
		group.Recordings = append(group.Recordings, Recording{
			Name: metric.GaleraNodeExpected.Name,
			Expr: "vector(1)",
			Labels: map[string]string{
				metric.Job:     JobGalera,
				metric.Cluster: m.Cluster,
				metric.Node:    m.Node,
			},
		})
	}
	return File{Name: "fleet.yml", Groups: []Group{group}}
}
