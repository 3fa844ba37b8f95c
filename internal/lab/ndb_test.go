package lab_test

import (
	"testing"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
)

func TestNDB(t *testing.T) {
	l := labtest.Up(t, lab.Options{Kind: cluster.KindNDB})
	t.Run("kagu.yaml is what the loader wants", func(t *testing.T) {
		fleet, err := inventory.Load(l.Config())
		if err != nil {
			t.Fatal(err)
		}
		c, ok := fleet.Cluster(lab.ClusterName)
		if !ok || c.Kind != cluster.KindNDB || len(c.Management) != 2 || len(c.Data) != 2 || len(c.SQL) != 2 {
			t.Errorf("the cluster reads %+v", c)
		}
	})
	t.Run("the monitor sees all data nodes from every SQL node", func(t *testing.T) {
		for _, n := range l.Members(cluster.RoleSQL) {
			config, err := l.MonitorConfig(n.SQLAddress())
			if err != nil {
				t.Fatal(err)
			}
			var count int
			if err := connect(t, config).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM ndbinfo.nodes").Scan(&count); err != nil || count != 2 {
				t.Errorf("%s tells %d data nodes, error %v", n.Name, count, err)
			}
		}
	})
}
