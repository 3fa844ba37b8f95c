package ndb

import (
	"testing"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
)

// TestOnARealCluster starts one NDB cluster for the whole package. What comes last breaks it.
func TestOnARealCluster(t *testing.T) {
	l := labtest.Up(t, lab.Options{Kind: cluster.KindNDB, Spare: 2})
	if *record == "" {
		t.Run("every node is restarted in turn", func(t *testing.T) { rollOnARealCluster(t, l) })
	}
	t.Run("SQL nodes and ndbinfo", func(t *testing.T) { sqlOnARealCluster(t, l) })
	t.Run("management servers and events", func(t *testing.T) { breaksOnARealCluster(t, l) })
}

func clusterOf(t *testing.T, l *lab.Lab) inventory.Cluster {
	t.Helper()
	fleet, err := inventory.Load(l.Config())
	if err != nil {
		t.Fatal(err)
	}
	c, ok := fleet.Cluster(lab.ClusterName)
	if !ok {
		t.Fatalf("%s has no cluster %s", l.Config(), lab.ClusterName)
	}
	return c
}
