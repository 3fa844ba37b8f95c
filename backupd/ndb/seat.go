package ndb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A seat is a SQL node that is asked for what the data nodes do not hold.
type seat struct {
	*sqlconn.DB
	node   inventory.Node
	server string // version
	logs   bool   // it writes the binary log of the cluster
}

// sit chooses the SQL node: the first of kagu.yaml that is in the cluster and writes its binary log,
// because that one knows where an epoch is; else the first that is in the cluster.
func sit(ctx context.Context, c inventory.Cluster) (*seat, error) {
	var second *seat
	var errs []error
	for _, n := range c.SQL {
		s := &seat{DB: sqlconn.Open(n.SQL, c.Backup.Credential, c.TLS).Lanes(2), node: n}
		err := s.look(ctx)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("SQL node %s: %w", n.Name, err))
			_ = s.Close() // it was never of use
		case s.logs:
			if second != nil {
				_ = second.Close() // nothing runs on it
			}
			return s, nil
		case second == nil:
			second = s
		default:
			_ = s.Close() // nothing runs on it
		}
	}
	if second != nil {
		return second, nil
	}
	if len(errs) == 0 {
		errs = append(errs, errors.New("kagu.yaml names none"))
	}
	return nil, fmt.Errorf("no SQL node can be asked for schemas and accounts; kagu grants backup prints what the account needs: %w", errors.Join(errs...))
}

func (s *seat) look(ctx context.Context) error {
	set, err := s.Pairs(ctx, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'log_bin', 'ndb_log_bin', 'ndb_log_binlog_index')")
	if err != nil {
		return err
	}
	status, err := s.Pairs(ctx, "SHOW GLOBAL STATUS LIKE 'Ndb_number_of_ready_data_nodes'")
	if err != nil {
		return err
	}
	if n := status["ndb_number_of_ready_data_nodes"]; n == "" || n == "0" {
		return errors.New("it is not connected to the data nodes")
	}
	s.server = set["version"]
	on := func(name string) bool { return strings.EqualFold(set[name], "ON") || set[name] == "1" }
	s.logs = on("log_bin") && on("ndb_log_bin") && on("ndb_log_binlog_index")
	return nil
}

// handled returns the epoch up to which the SQL node has written its binary log.
func (s *seat) handled(ctx context.Context) (uint64, error) {
	rows, err := s.Table(ctx, "SHOW ENGINE NDB STATUS")
	if err != nil {
		return 0, fmt.Errorf("ask %s how far its binary log is: %w", s.node.Name, err)
	}
	for _, r := range rows {
		if _, after, found := strings.Cut(r["status"], "latest_handled_binlog_epoch="); found {
			digits, _, _ := strings.Cut(after, ",")
			return strconv.ParseUint(digits, 10, 64)
		}
	}
	return 0, fmt.Errorf("%s does not say how far its binary log is", s.node.Name)
}

// systemSchemas are those that the servers make themselves.
const systemSchemas = "('mysql', 'information_schema', 'performance_schema', 'sys', 'ndbinfo')"

// quote quotes an identifier.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// text quotes a value, whatever is in it. It is for servers whose sql_mode lets a backslash escape,
// which a script of ours sees to.
func text(value string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "''", "\x00", "\\0", "\n", "\\n", "\r", "\\r", "\x1a", "\\Z").Replace(value) + "'"
}
