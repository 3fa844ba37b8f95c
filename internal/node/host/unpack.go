package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/mbstream"
	"github.com/kagu-db/kagu/internal/node"
)

// unpack writes one part into a folder. The tool runs as the server's account, so that a stream
// that is not what it says can do no harm elsewhere; names that lead out are refused before that.
func (r *restoring) unpack(ctx context.Context, part io.Reader, dir string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	theirs, ours, err := os.Pipe()
	if err != nil {
		return err
	}
	defer theirs.Close()
	fed := make(chan error, 1)
	go func() {
		err := r.feed(part, ours)
		if err != nil {
			cancel(err) // before the end of its input, which it would take for a good one
		}
		fed <- errors.Join(err, ours.Close())
	}()
	c := child{path: r.unpacker, args: []string{"-x", "-C", dir}, owner: r.who, stdin: theirs}
	err = c.run(ctx, func(stdout io.Reader) error {
		_, err := io.Copy(io.Discard, stdout)
		return err
	})
	theirs.Close() // a tool that ended early must not keep us waiting
	if sent := <-fed; sent != nil && !errors.Is(sent, unix.EPIPE) {
		return sent // the tool's end is the consequence
	}
	return err
}

// feed hands the part to the tool through a scanner.
func (r *restoring) feed(part io.Reader, tool io.Writer) error {
	scan := &mbstream.Scanner{Sums: true}
	buffer := make([]byte, 256<<10)
	var looked time.Time
	for {
		n, err := part.Read(buffer)
		if n > 0 {
			if _, err := scan.Write(buffer[:n]); err != nil {
				return err
			}
			if _, err := tool.Write(buffer[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return scan.Close()
		}
		if err != nil {
			return err
		}
		if now := time.Now(); now.Sub(looked) > roomEvery {
			if err := r.room(); err != nil {
				return err
			}
			looked = now
		}
	}
}

// check reads what the part says of itself, and whether it follows the one before.
func (r *restoring) check(dir string) error {
	var says node.Stream
	of := func(names []string) (string, error) {
		text, err := firstOf(names, func(name string) ([]byte, error) { return readRegular(filepath.Join(dir, name), maxState) })
		return string(text), err
	}
	text, err := of(checkpointFiles)
	if err != nil {
		return err
	}
	if err := parseCheckpoints(text, &says); err != nil {
		return err
	}
	switch full := strings.Contains(text, "full-backuped"); {
	case r.parts == 0 && !full:
		return errors.New("it is no full backup, and a restore begins with one")
	case r.parts > 0 && full:
		return errors.New("it is a full backup, and only the first part is one")
	case says.FromLSN != r.last.ToLSN: // both are 0 for the first
		return fmt.Errorf("it begins at LSN %d, and the part before ends at %d: one is missing, or of another chain", says.FromLSN, r.last.ToLSN)
	}
	if text, err = of(galeraFiles); err != nil {
		return err
	}
	if err := parseGaleraInfo(text, &says); err != nil {
		return err
	}
	if r.parts > 0 && (says.UUID != r.last.UUID || says.Seqno < r.last.Seqno) {
		return fmt.Errorf("it is of %s:%d, and the part before of %s:%d", says.UUID, says.Seqno, r.last.UUID, r.last.Seqno)
	}
	if text, err = of(binlogFiles); err == nil {
		if err := parseBinlogInfo(text, &says); err != nil {
			return err
		}
	}
	if text, err = of([]string{"xtrabackup_info", "mariadb_backup_info"}); err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		if name, value, _ := strings.Cut(line, "="); strings.TrimSpace(name) == "server_version" {
			says.Server = clean(strings.TrimSpace(value), 80)
		}
	}
	r.last = says
	return fits(r.version, says.Server)
}

// prepare makes the full backup's pages fit each other, or brings an incremental into them.
func (r *restoring) prepare(ctx context.Context, dir string) error {
	args := []string{"--no-defaults", "--prepare", "--target-dir=" + r.data(), "--tmpdir=" + r.tmp()}
	if dir != r.data() {
		args = append(args, "--incremental-dir="+dir)
	}
	c := child{path: r.tool, args: args, owner: r.who}
	err := c.run(ctx, func(stdout io.Reader) error {
		_, err := io.Copy(io.Discard, stdout)
		return err
	})
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	return nil
}

// serverAccount is whom a data directory belongs to if none is there to tell.
func serverAccount() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{uint32(os.Geteuid()), uint32(os.Getegid())}, nil
	}
	u, err := user.Lookup("mysql")
	if err != nil {
		return owner{}, err
	}
	uid, errU := strconv.ParseUint(u.Uid, 10, 32)
	gid, errG := strconv.ParseUint(u.Gid, 10, 32)
	return owner{uint32(uid), uint32(gid)}, errors.Join(errU, errG)
}

// freeShare is how much of a file system is free, 0 to 1.
func freeShare(path string) (float64, error) {
	return within(fileLimit, func() (float64, error) {
		var size unix.Statfs_t
		if err := unix.Statfs(path, &size); err != nil {
			return 0, err
		}
		if size.Blocks == 0 {
			return 0, errors.New("the file system does not tell its size")
		}
		return float64(size.Bavail) / float64(size.Blocks), nil
	})
}

// syncAll makes all of a file system durable that a folder is on.
func syncAll(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return fmt.Errorf("make %s durable: %w", dir, err)
	}
	return nil
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
