package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/failpoint"
	"github.com/kagu-db/kagu/internal/node"
)

// restore rebuilds the data directory of a member that is down from a full backup and its
// incrementals. It works in a folder of its own beside the data directory, and changes nothing
// there before all is ready and proven to fit; then it puts it in place by renaming. A data
// directory that held something is put aside, never removed. Into one that is a mount point it goes only
// if that is empty.
func (s *Server) restore(ctx context.Context, fl *flow) (*node.Stream, error) {
	if fl.n.Role != cluster.RoleMember {
		return nil, refusef("%s/%s is no member of a Galera cluster", fl.cluster.Name, fl.n.Name)
	}
	locks, err := s.lockBackup(fl.d)
	if err != nil {
		return nil, err
	}
	defer locks.release()
	r := restoring{s: s, fl: fl}
	if r.tool, r.version, err = backupTool(ctx); err != nil {
		return nil, refusef("%w", err)
	}
	if r.unpacker, err = findTool("mbstream"); err != nil {
		return nil, refusef("%w", err)
	}
	if err := r.mayBegin(ctx); err != nil {
		return nil, err
	}
	if err := r.makeFolder(); err != nil {
		return nil, refusef("%w", err)
	}
	defer func() { _ = os.RemoveAll(r.folder) }() // what is left of it is recognised by the next try
	if err := fl.open(node.Stream{Format: node.FormatMBStream, Tool: r.version}); err != nil {
		return nil, err
	}
	if err := r.take(ctx); err != nil {
		return nil, err
	}
	return r.settle(ctx)
}

// restoring is one restore.
type restoring struct {
	s                       *Server
	fl                      *flow
	tool, unpacker, version string

	folder string // where it works
	inside bool   // the data directory is a mount point, so that folder is in it
	who    owner
	mode   os.FileMode
	holds  bool   // the data directory holds something
	aside  string // where the data directory that was there is, or will be

	parts int
	last  node.Stream // what the newest part says of itself
	bytes uint64
}

// restoreSuffix is the end of the name of the folder beside the data directory. Under the node's
// lock a folder of that name is what a killed restore left.
const restoreSuffix = ".kagu-restore"

// mayBegin looks at the host. What is not known forbids.
func (r *restoring) mayBegin(ctx context.Context) error {
	dir := r.fl.n.DataDir
	r.folder = filepath.Clean(dir) + restoreSuffix
	if err := r.down(ctx); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	switch {
	case gone(err):
		if err := r.likeBefore(); err != nil {
			return refusef("%s does not exist, and whose it shall be is not known: %w; make it, empty, and give it to the server's account", dir, err)
		}
	case err != nil:
		return refusef("%w", err)
	case !info.IsDir():
		return refusef("%s is no folder, or a symbolic link to one, and cannot be replaced by renaming: name the folder itself as datadir in kagu.yaml and in the server's options", dir)
	default:
		r.mode = info.Mode().Perm()
		if r.who, err = ownerOf(dir); err != nil {
			return refusef("%w", err)
		}
		if err := r.lookInside(dir); err != nil {
			return err
		}
	}
	if r.holds && (r.fl.r.Consent == "" || !r.fl.r.Operator) { // that it is the right text is checked with the request
		return refusef("the data directory %s is not empty; an operator may have it put aside by typing %s/%s as consent", dir, r.fl.cluster.Name, r.fl.n.Name)
	}
	return r.room()
}

// likeBefore says whose a data directory shall be that is not there: as the one that a restore put
// aside which was killed before it put another in its place, or as the distribution has it.
func (r *restoring) likeBefore() error {
	var err error
	if r.aside, err = r.fl.d.lastAside(); err != nil {
		return err
	}
	if r.aside == "" {
		r.mode = 0o755
		r.who, err = serverAccount()
		return err
	}
	info, err := os.Lstat(r.aside)
	if err != nil {
		return err
	}
	r.mode = info.Mode().Perm()
	r.who, err = ownerOf(r.aside)
	return err
}

// down tells why the server cannot be said to be down.
func (r *restoring) down(ctx context.Context) error {
	f := r.s.look(ctx, r.fl.n)
	switch f.state.Process {
	case cluster.ProcessAbsent:
	case cluster.ProcessUnknown:
		return refusef("whether its process exists is not known: %s", f.doubt)
	default:
		return refusef("process %d is %s: stop the node first (kagu node stop)", f.state.PID, f.state.Process)
	}
	if f.unit != nil && f.unit.Active != "inactive" && f.unit.Active != "failed" {
		return refusef("systemd is about to start %s by itself (%s): systemctl stop it first", r.fl.n.Service, f.unit)
	}
	if who := r.s.proc.writers(r.fl.n.DataDir); who != "" {
		return refusef("%s has files of the data directory open for writing: a state transfer or a restore may be going on", who)
	}
	return nil
}

// room refuses what would fill the disk.
func (r *restoring) room() error {
	free, err := freeShare(filepath.Dir(r.folder))
	if err != nil {
		return refusef("free disk space is not known: %w", err)
	}
	if least := r.fl.cluster.Policy.MinDiskFree; free < least {
		return refusef("only %.1f %% of the data directory's disk is free, policy wants %.1f %%: make room", 100*free, 100*least)
	}
	return nil
}

func (r *restoring) makeFolder() error {
	if r.inside {
		if err := r.clearLeft(); err != nil {
			return fmt.Errorf("clear away what an earlier restore left: %w", err)
		}
	}
	if info, err := os.Lstat(r.folder); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is in the way: remove it", r.folder)
	}
	if err := os.RemoveAll(r.folder); err != nil {
		return fmt.Errorf("clear away what an earlier restore left: %w", err)
	}
	for _, dir := range []string{r.folder, r.data(), r.tmp()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := r.who.give(dir); err != nil {
			return err
		}
	}
	return nil
}

func (r *restoring) data() string { return filepath.Join(r.folder, "data") }
func (r *restoring) more() string { return filepath.Join(r.folder, "more") } // one incremental at a time
func (r *restoring) tmp() string  { return filepath.Join(r.folder, "tmp") }  // a server's own would end that server

// take receives the parts and applies each before the next comes.
func (r *restoring) take(ctx context.Context) error {
	parts := node.NewParts(r.fl.in)
	for {
		err := parts.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		dir := r.data()
		if r.parts > 0 {
			if dir, err = r.more(), r.makeMore(); err != nil {
				return err
			}
		}
		if err := r.unpack(ctx, parts, dir); err != nil {
			return fmt.Errorf("part %d: %w", r.parts+1, err)
		}
		if err := r.check(dir); err != nil {
			return fmt.Errorf("part %d: %w", r.parts+1, err)
		}
		if err := r.prepare(ctx, dir); err != nil {
			return fmt.Errorf("part %d: %w", r.parts+1, err)
		}
		r.parts++
	}
	r.bytes = parts.Received()
	if r.parts == 0 {
		return errors.New("no backup was sent")
	}
	return nil
}

func (r *restoring) makeMore() error {
	if err := os.RemoveAll(r.more()); err != nil {
		return err
	}
	if err := os.Mkdir(r.more(), 0o700); err != nil {
		return err
	}
	return r.who.give(r.more())
}

// settle puts the data in place. Until the first rename nothing was changed; between the two
// there is no data directory, and nothing is lost.
func (r *restoring) settle(ctx context.Context) (*node.Stream, error) {
	for _, dir := range []string{r.more(), r.tmp()} { // now: whoever is killed below leaves next to nothing
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	if err := r.saveState(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if err := r.down(ctx); err != nil {
		return nil, fmt.Errorf("in the meantime: %w", err)
	}
	dir := filepath.Clean(r.fl.n.DataDir)
	if r.holds {
		r.aside = dir + asideInfix + r.s.now().UTC().Format("20060102T150405Z")
		if _, err := os.Lstat(r.aside); !gone(err) {
			return nil, fmt.Errorf("%s is there already: try again", r.aside)
		}
	}
	if err := r.remember(); err != nil {
		return nil, err
	}
	if r.inside {
		if err := r.moveUp(); err != nil {
			return nil, fmt.Errorf("put the restored data in place: %w", err)
		}
		return r.placed(), nil
	}
	if r.holds {
		if err := os.Rename(dir, r.aside); err != nil {
			return nil, fmt.Errorf("put the data directory aside: %w", err)
		}
		failpoint.Here("restore-aside")
	}
	if !r.holds { // os.Rename goes onto nothing alone; an empty folder is removed, and only if it still is empty
		if err := os.Remove(dir); err != nil && !gone(err) {
			return nil, fmt.Errorf("put the restored data in place of the empty data directory: %w", err)
		}
	}
	if err := os.Rename(r.data(), dir); err != nil {
		if r.holds {
			err = errors.Join(err, os.Rename(r.aside, dir))
		}
		return nil, fmt.Errorf("put the restored data in place: %w", err)
	}
	failpoint.Here("restore-placed")
	return r.placed(), syncDir(filepath.Dir(dir))
}

// placed says what is in place now.
func (r *restoring) placed() *node.Stream {
	return &node.Stream{
		Format: node.FormatMBStream, Tool: r.version, Server: r.last.Server, Bytes: r.bytes,
		ToLSN: r.last.ToLSN, UUID: r.last.UUID, Seqno: r.last.Seqno, Binlog: r.last.Binlog, Aside: r.aside,
	}
}

// remember writes down what is about to take its place.
func (r *restoring) remember() error {
	note := restored{Restored: node.Restored{
		At: r.s.now().UTC(), UUID: r.last.UUID, Seqno: r.last.Seqno, ToLSN: r.last.ToLSN, Aside: r.aside,
	}}
	var err error
	if note.Saved, err = markOf(filepath.Join(r.data(), "grastate.dat")); err == nil {
		err = r.fl.d.save(restoredFile, note)
	}
	if err != nil {
		return fmt.Errorf("write down what was restored: %w", err)
	}
	return nil
}

// saveState makes the folder a data directory that joins its cluster at the backup's position.
func (r *restoring) saveState() error {
	names, err := os.ReadDir(r.data())
	if err != nil {
		return err
	}
	for _, n := range names { // the tool's own notes; a server knows nothing of them
		for _, prefix := range []string{"xtrabackup_", "mariadb_backup_", "donor_galera_info", "backup-my.cnf"} {
			if strings.HasPrefix(n.Name(), prefix) {
				if err := os.Remove(filepath.Join(r.data(), n.Name())); err != nil {
					return err
				}
			}
		}
	}
	text := fmt.Sprintf("# GALERA saved state\nversion: 2.1\nuuid:    %s\nseqno:   %d\nsafe_to_bootstrap: 0\n", r.last.UUID, r.last.Seqno)
	path := filepath.Join(r.data(), "grastate.dat")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	if err := r.who.give(path); err != nil {
		return err
	}
	if err := os.Chmod(r.data(), r.mode); err != nil {
		return err
	}
	return syncAll(r.data())
}

// roomEvery bounds how often free space is looked at while data comes in.
const roomEvery = time.Second
