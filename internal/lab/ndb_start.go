package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/internal/cluster"
)

// start starts the management servers, then the data nodes, all at once, and the SQL nodes as
// soon as their data directories are there: they wait for the data nodes by themselves. One
// directory is installed, while the data nodes start, and copied.
func (ndbKind) start(ctx context.Context, l *Lab, progress func(string)) error {
	if err := l.configureNDB(); err != nil {
		return err
	}
	return l.startNDB(ctx, progress)
}

func (l *Lab) startNDB(ctx context.Context, progress func(string)) error {
	for _, n := range l.Members(cluster.RoleManagement) {
		if _, err := l.kind().launch(l, n); err != nil {
			return err
		}
	}
	g, both := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := l.AwaitManagement(both); err != nil {
			return err
		}
		progress("management servers agree on the configuration")
		for _, n := range l.grouped() {
			if _, err := l.kind().launch(l, n); err != nil {
				return err
			}
		}
		if err := l.AwaitData(both); err != nil {
			return err
		}
		progress("data nodes are started")
		return nil
	})
	g.Go(func() error {
		if err := l.installNDB(both); err != nil {
			return err
		}
		progress("SQL data directories installed")
		for _, n := range l.Members(cluster.RoleSQL) {
			if _, err := l.kind().launch(l, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if err := l.AwaitSQL(ctx); err != nil {
		return err
	}
	if err := l.finishAccounts(ctx); err != nil {
		return err
	}
	progress("SQL nodes serve the cluster's tables")
	return nil
}

// configureNDB writes config.ini, and each node's folder and my.cnf.
func (l *Lab) configureNDB() error {
	for _, user := range []string{rootUser, MonitorUser, WriterUser, BackupUser} {
		if err := writeFile(l.passwordFile(user), []byte(password()+"\n")); err != nil {
			return err
		}
	}
	text, err := l.ndbConfigText()
	if err != nil {
		return err
	}
	if err := writeFile(l.ndbConfig(), []byte(text)); err != nil {
		return err
	}
	for _, n := range l.Nodes {
		if err := os.Mkdir(n.Dir, 0o700); err != nil {
			return err
		}
		if n.Role != cluster.RoleSQL { // mysqld makes its own
			if err := os.Mkdir(n.DataDir(), 0o700); err != nil {
				return err
			}
			continue
		}
		text, err := l.ndbMyCnfText(n)
		if err != nil {
			return err
		}
		if err := writeFile(n.config(), []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// installNDB makes the data directory of the first SQL node, accounts included, and copies it
// to the others. mysqld names itself anew where auto.cnf is missing.
func (l *Lab) installNDB(ctx context.Context) error {
	nodes := l.Members(cluster.RoleSQL)
	first := nodes[0]
	accounts, err := l.ndbAccounts()
	if err != nil {
		return err
	}
	script := l.file("accounts.sql")
	if err := writeFile(script, []byte(accounts)); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, l.ndbProgram("mysqld"), "--defaults-file="+first.config(),
		"--initialize-insecure", "--init-file="+script, "--skip-ndbcluster", "--skip-log-bin", "--innodb-doublewrite=OFF", "--innodb-flush-method=nosync")
	cmd.Dir, cmd.Env = "/", append(os.Environ(), mark+"="+l.ID)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("install a data directory: %w: %s; the end of its log:\n%s", err, out, tail(first.ErrorLog()))
	}
	if err := os.Remove(script); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(first.DataDir(), "auto.cnf")); err != nil {
		return err
	}
	for _, n := range nodes[1:] {
		if out, err := exec.CommandContext(ctx, "cp", "-a", "--reflink=auto", first.DataDir(), n.DataDir()).CombinedOutput(); err != nil {
			return fmt.Errorf("copy the data directory: %w: %s", err, out)
		}
	}
	return nil
}
