package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mbstream"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// backup streams a physical backup of a Galera member. It writes nothing but the tool's notes
// of a few hundred bytes to the host.
func (s *Server) backup(ctx context.Context, fl *flow) (*node.Stream, error) {
	cred, err := s.backupCredential(fl)
	if err != nil {
		return nil, err
	}
	tool, version, err := backupTool(ctx)
	if err != nil {
		return nil, refusef("%w", err)
	}
	locks, err := s.lockBackup(fl.d)
	if err != nil {
		return nil, err
	}
	defer locks.release()
	db := sqlconn.Open(fl.n.SQL, cred, fl.cluster.TLS)
	defer db.Close()
	w := watched{db: db, d: fl.d}
	if err := w.clearLeftover(ctx); err != nil {
		return nil, refusef("%w", err)
	}
	m, err := askMember(ctx, db, s.now())
	if err != nil {
		return nil, refusef("the server does not answer: %w; is the account %s there? kagu grants backup", err, cred.User)
	}
	if err := fits(version, m.version); err != nil {
		return nil, refusef("%w", err)
	}
	if err := mayBackup(fl.r, fl.n, m); err != nil {
		return nil, err
	}
	if _, err := optionFile(fl.n.SQL, cred, fl.cluster.TLS, m.encrypted); err != nil { // now, while nothing was done
		return nil, refusef("%w", err)
	}
	lineage, err := lineageOf(fl.n.DataDir)
	switch {
	case fl.r.Lineage == "": // a full backup; without a lineage the next one is full too
	case err != nil:
		return nil, refusef("whether the data directory is the one of the backup before cannot be told: %w; take a full one", err)
	case fl.r.Lineage != lineage:
		return nil, refusef("the data directory was made anew since the backup that this one follows (a full state transfer or a restore): take a full one")
	}
	if err := fl.open(node.Stream{Format: node.FormatMBStream, Tool: version, Server: m.version}); err != nil {
		return nil, fmt.Errorf("the client is gone: %w", err)
	}
	result := &node.Stream{
		Format: node.FormatMBStream, Tool: version, Server: m.version, Lineage: lineage, Desynced: fl.r.Desync && !m.desync,
	}
	return result, w.during(ctx, s, fl, cred, m, locks, func(ctx context.Context, dir string) error {
		return takeBackup(ctx, fl, tool, cred, db, m, dir, result)
	})
}

// backupCredential loads the one secret that kagu-node ever opens. A cluster that is not backed
// up by schedule may be by hand: then it is the credential of that name.
func (s *Server) backupCredential(fl *flow) (inventory.Credential, error) {
	if fl.n.Role != cluster.RoleMember {
		return inventory.Credential{}, refusef("%s/%s is no member of a Galera cluster", fl.cluster.Name, fl.n.Name)
	}
	cred, ok := s.Fleet.Credentials["backup"]
	if fl.cluster.Backup != nil {
		cred, ok = fl.cluster.Backup.Credential, true
	}
	if !ok {
		return inventory.Credential{}, refusef("the kagu.yaml of this host names no credential backup: install the fleet's file here")
	}
	cred, err := cred.WithPassword()
	if err != nil {
		return cred, refusef("%w", err)
	}
	return cred, nil
}

// takeBackup runs the tool and reads what it says of its work.
func takeBackup(ctx context.Context, fl *flow, tool string, cred inventory.Credential, db *sqlconn.DB, m member, dir string, result *node.Stream) error {
	who, err := ownerOf(fl.n.DataDir)
	if err != nil {
		return err
	}
	for _, path := range []string{dir, filepath.Join(dir, "lsn")} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return err
		}
		if err := who.give(path); err != nil {
			return err
		}
	}
	const loginFD = 3
	tls, files, err := lend(fl.cluster.TLS, who, loginFD+1)
	if err != nil {
		return err
	}
	defer closeAll(files)
	login, err := optionFile(fl.n.SQL, cred, tls, m.encrypted)
	if err != nil {
		return err
	}
	secret, err := memoryFile("kagu-login", login, who)
	if err != nil {
		return err
	}
	defer secret.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := child{path: tool, args: backupArgs(fl.r, dir), owner: who, files: append([]*os.File{secret}, files...)}
	p, scan := newPace(fl.r.Rate), &mbstream.Scanner{Keep: isPosition}
	if fl.r.Rate > 0 {
		redo, err := watchRedo(ctx, db, m.lsn)
		if err != nil {
			return err
		}
		c.hears = redo
		defer fl.hasten(ctx, redo, db, p)()
	}
	if err := c.run(ctx, func(stdout io.Reader) error { return fl.pump(ctx, cancel, p, stdout, scan) }); err != nil {
		return err
	}
	if err := scan.Close(); err != nil {
		return err
	}
	result.Bytes = fl.out.Sent()
	return readFacts(filepath.Join(dir, "lsn"), scan, result)
}

// backupArgs is the tool's argv. The numbers are the only part that comes from the request.
func backupArgs(r node.Request, dir string) []string {
	args := []string{
		"--defaults-file=/proc/self/fd/3", "--backup", "--stream=mbstream", "--galera-info",
		"--target-dir=" + dir, "--tmpdir=" + dir, "--extra-lsndir=" + filepath.Join(dir, "lsn"),
		fmt.Sprintf("--parallel=%d", max(1, r.Parallel)),
	}
	if r.Rate > 0 {
		args = append(args, "--loose-verbose") // it tells how far it has come with the redo log
	}
	if r.Since > 0 {
		args = append(args, fmt.Sprintf("--incremental-lsn=%d", r.Since))
	}
	return args
}

// optionFile is how the tool learns where and as whom to log in. It encrypts where our own
// connection was encrypted.
func optionFile(address string, cred inventory.Credential, tls *inventory.TLS, encrypted bool) ([]byte, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("the node's sql address: %w", err)
	}
	lines := []string{"[client]", "protocol=tcp", option1("host", host), option1("port", port), option1("user", cred.User), option1("password", cred.Password.Reveal())}
	switch {
	case !encrypted:
		lines = append(lines, "skip-ssl")
	case tls != nil && tls.Mode == inventory.TLSVerify:
		ca, err := sqlconn.Authorities("mariadb-backup", tls)
		if err != nil {
			return nil, err
		}
		lines = append(lines, "ssl", option1("ssl-ca", ca))
		if tls.ServerName == "" {
			lines = append(lines, "ssl-verify-server-cert")
		}
	default:
		lines = append(lines, "ssl")
	}
	if tls != nil && encrypted {
		if tls.CertFile != "" {
			lines = append(lines, option1("ssl-cert", tls.CertFile), option1("ssl-key", tls.KeyFile))
		}
	}
	return []byte(strings.Join(lines, "\n") + "\n"), nil
}

// option1 writes one line of an option file. In quotes only the backslash and the quote mean
// something to the reader; a line break cannot be in a secret of ours.
func option1(key, value string) string {
	return key + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// backupLocks are the locks of a backup: one on the host, one on the node. The watchdog has them
// too, so that the next backup waits until it has cleared up.
type backupLocks struct{ host, node *os.File }

func (l backupLocks) release() {
	l.host.Close()
	l.node.Close()
}

const backupLock = "backup.lock"

func (s *Server) lockBackup(d stateDir) (l backupLocks, err error) {
	if l.host, err = lockFile(filepath.Join(s.StateDir, backupLock)); err != nil {
		return l, refusef("another backup or restore is going on on this host, or has not cleared up yet: ask for a report (%w)", err)
	}
	if l.node, err = lockFile(filepath.Join(d.path, backupLock)); err != nil {
		l.host.Close()
		return l, refusef("a backup or restore of this node has not cleared up yet: ask for a report (%w)", err)
	}
	return l, nil
}

// endLimit bounds the clearing up after a backup; then it is the watchdog's alone.
const endLimit = 10 * time.Second

var errWatchdogGone = errors.New("the process that would end the desync if this one died is gone, so the backup was broken off")
