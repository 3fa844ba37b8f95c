package galera

import (
	"fmt"

	"github.com/kagu-db/kagu/internal/binlog"
)

// next goes on with the next file. A cluster that is founded anew counts its transactions anew, and a
// member becomes part of it by a restart, with which it begins a file.
func next(l *binlog.Line, file string, s source) error {
	switch {
	case s.galera && s.Of == "":
		return fmt.Errorf("%s is not part of its cluster at the moment: the archive waits until it is known which one %s is of", s.Name, file)
	case s.Of != l.Mark.Of:
		return &binlog.OtherError{Why: fmt.Sprintf("%s is of another cluster (%s) since the last file (%s): the cluster was founded anew", s.Name, s.Of, l.Mark.Of)}
	}
	l.Next(s.Server, file)
	return nil
}
