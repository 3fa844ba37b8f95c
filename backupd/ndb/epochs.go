package ndb

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/kagu-db/kagu/internal/binlog"
)

// An epochEnd says where an epoch ends in a binary log, or where the log says that changes are missing.
type epochEnd struct {
	Epoch uint64 `json:"epoch"`
	To    uint64 `json:"to"`
	Lost  int64  `json:"lost,omitempty"` // second at which the server noted that it has missed changes
}

// lostNote is with each piece in which changes are missing. An SQL node writes so into its log when it
// was away from the data nodes: what happened meanwhile is in no log of its own.
const lostNote = "changes are missing in it: the SQL node was restarted, or away from the data nodes"

// epochs returns where the epochs end that are in a file beyond an offset, in the file's order.
func (s *seat) epochs(ctx context.Context, file string, from uint64) ([]epochEnd, error) {
	name, err := binlog.Name(file)
	if err != nil {
		return nil, err
	}
	rows, err := s.Table(ctx, fmt.Sprintf(`SELECT epoch, next_position FROM mysql.ndb_binlog_index WHERE SUBSTRING_INDEX(File, '/', -1) = '%s'
		AND SUBSTRING_INDEX(next_file, '/', -1) = '%[1]s' AND next_position > %d ORDER BY next_position`, name, from))
	if err != nil {
		return nil, fmt.Errorf("read where the epochs are in %s: %w", file, err)
	}
	var ends []epochEnd
	for _, r := range rows {
		epoch, err1 := strconv.ParseUint(r["epoch"], 10, 64)
		to, err2 := strconv.ParseUint(r["next_position"], 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("read where the epochs are in %s: %w", file, err)
		}
		ends = append(ends, epochEnd{Epoch: epoch, To: to})
	}
	return ends, nil
}
