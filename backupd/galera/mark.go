package galera

import (
	"context"

	"github.com/kagu-db/kagu/internal/binlog"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

var _ binlog.Sender = source{}

// markOf makes the mark of a piece. What is at skip in the file stands at p.from on the server.
func markOf(of, path string, skip int64, p piece) (binlog.Mark, error) {
	return binlog.NewMark(of, path, p.newestAt, skip-int64(p.from))
}

// Fetch fetches a log from an offset on.
func (s source) Fetch(ctx context.Context, dir, file string, offset uint64) (path string, skip int64, err error) {
	return fetchLog(ctx, dir, s, file, offset)
}

// End returns where an event ends that begins at an offset, 0 if none does.
func (s source) End(ctx context.Context, file string, at uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sql := sqlconn.Open(s.node.SQL, s.cluster.Backup.Credential, s.cluster.TLS)
	defer sql.Close()
	return binlog.EndOf(ctx, sql, file, at)
}
