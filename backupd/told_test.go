package backupd

import (
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

func TestAMomentIsToldInTheClustersZone(t *testing.T) {
	noumea := time.FixedZone("Pacific/Noumea", 11*60*60)
	at := time.Date(2026, 3, 2, 22, 14, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		backup *inventory.Backup
		want   string
	}{
		{"in its zone", &inventory.Backup{Zone: noumea}, "2026-03-03 09:14:00+11:00"},
		{"in UTC", &inventory.Backup{Zone: time.UTC}, "2026-03-02 22:14:00Z"},
		{"without a zone", nil, "2026-03-02 22:14:00Z"},
	} {
		if got := (Restore{Cluster: inventory.Cluster{Backup: c.backup}}).Told(at); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
