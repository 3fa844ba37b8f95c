package lab

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/kagu-db/kagu/internal/cluster"
)

// Renew ends every node of an NDB cluster, throws away all that they hold, and starts them again, as
// somebody does who has lost a cluster: a new one with the same config.ini and the same kagu.yaml, whose
// SQL nodes know the lab's own accounts and nothing else.
func (l *Lab) Renew(ctx context.Context) error {
	if l.Kind != cluster.KindNDB {
		return fmt.Errorf("the lab's cluster is %s: only an NDB cluster is made anew", l.Kind)
	}
	if err := l.Kill(ctx, "all"); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	for _, n := range l.Nodes {
		if err := os.RemoveAll(n.DataDir()); err != nil {
			return err
		}
		if n.Role == cluster.RoleSQL { // mysqld makes its own
			continue
		}
		if err := os.Mkdir(n.DataDir(), 0o700); err != nil {
			return err
		}
	}
	return l.startNDB(ctx, func(string) {})
}
