package galera

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// archives says why a member's binary log cannot be archived; nil if it can. It must hold what all
// members write, in rows.
func archives(ctx context.Context, c inventory.Cluster, n inventory.Node) error {
	sql, err := sqlconn.Connect(ctx, n.SQL, c.Backup.Credential, c.TLS, "wsrep_sync_wait=0")
	if err != nil {
		return err
	}
	defer sql.Close()
	v, err := readConfig(ctx, sql)
	switch {
	case err != nil:
		return err
	case v["log_bin"] != "ON":
		return errors.New("it writes no binary log: set log_bin in its configuration")
	case v["log_slave_updates"] != "ON":
		return errors.New("its binary log lacks what other members write: set log_slave_updates=ON in its configuration")
	case v["binlog_format"] != "ROW":
		return errors.New("its binary log is not in rows: set binlog_format=ROW in its configuration")
	case v["encrypt_binlog"] == "ON":
		return errors.New("its binary log is encrypted on disk, so that its positions cannot be checked: set encrypt_binlog=OFF; backups are encrypted by themselves")
	}
	return nil
}

// archiveFrom returns the member whose binary log is archived: wanted if it still can be, else the
// last of kagu.yaml that can.
func archiveFrom(ctx context.Context, c inventory.Cluster, wanted string) (inventory.Node, error) {
	nodes := slices.Clone(c.Nodes)
	slices.Reverse(nodes)
	slices.SortStableFunc(nodes, func(a, b inventory.Node) int { return btoi(a.Name != wanted) - btoi(b.Name != wanted) })
	var why []string
	for _, n := range nodes {
		some, cancel := context.WithTimeout(ctx, patience)
		err := archives(some, c, n)
		cancel()
		if err == nil {
			return n, nil
		}
		if cause := context.Cause(ctx); cause != nil {
			return inventory.Node{}, cause
		}
		why = append(why, n.Name+": "+cluster.Printable(err.Error()))
	}
	return inventory.Node{}, fmt.Errorf("no member's binary log can be archived: %s", strings.Join(why, "; "))
}

// archived names the member whose binary log is archived, "" if none is: a backup of that member
// meets the archive at an exact place.
func (k Kind) archived(ctx context.Context, c inventory.Cluster) string {
	if !slices.ContainsFunc(c.Backup.Jobs, func(j inventory.BackupJob) bool { return j.Method == "binlog" }) {
		return ""
	}
	n, err := archiveFrom(ctx, c, "")
	if err != nil {
		return "" // a preference only: the archive itself says what is wrong
	}
	return n.Name
}
