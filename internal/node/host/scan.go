package host

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/inventory"
)

// serverNames are the executables of a database server.
var serverNames = []string{"mariadbd", "mysqld"}

// sighting is a process that is this node's server, and how it gave itself away.
type sighting struct {
	process
	how string
}

// scan is what a look at all processes found. Unsure lists what could not be judged: while
// there is any, nobody may say that the server is absent.
type scan struct {
	servers []sighting
	unsure  []string
	notes   []string
}

// scan looks for every process that is the node's server, whatever its pid file says: one
// that works in the data directory (a server's current directory is its data directory), one
// that was started by the node's start command, and the one that holds the lock of InnoDB's
// system tablespace. mainPID is the process that systemd knows, 0 for none.
func (fs procfs) scan(n inventory.Node, mainPID int) scan {
	var s scan
	pids, err := fs.pids()
	if err != nil {
		s.unsure = append(s.unsure, err.Error())
		return s
	}
	named := pidFrom(n.PIDFile, &s)
	var filePID string
	for _, pid := range pids {
		if pid == os.Getpid() {
			continue
		}
		p, ok, err := fs.process(pid)
		if err != nil {
			s.unsure = append(s.unsure, err.Error())
			continue
		}
		if !ok || p.dead() || p.flags&kernelThread != 0 {
			continue
		}
		how, unsure := fs.judge(p, n, pid == named, pid == mainPID)
		switch {
		case how != "":
			s.servers = append(s.servers, sighting{p, how})
		case unsure != "":
			s.unsure = append(s.unsure, unsure)
		case pid == named:
			filePID = fmt.Sprintf("%s names process %d, which is %s and not this server", n.PIDFile, pid, clean(p.comm, 20))
		}
	}
	if filePID != "" {
		s.notes = append(s.notes, filePID)
	}
	fs.lockHolder(n, &s)
	slices.SortFunc(s.servers, func(a, b sighting) int { return a.pid - b.pid })
	return s
}

// judge says how the process gives itself away as the node's server; or why nobody can tell.
func (fs procfs) judge(p process, n inventory.Node, inPIDFile, isMain bool) (how, unsure string) {
	if len(n.Start) > 0 && len(p.argv) >= len(n.Start) && slices.Equal(p.argv[len(p.argv)-len(n.Start):], n.Start) {
		return "runs the start command", ""
	}
	if isMain {
		return "is the unit's main process", ""
	}
	if !fs.looksLikeServer(p, n) || n.DataDir == "" {
		return "", ""
	}
	if dir, given := option(p.argv, "datadir"); given {
		if sameFile(dir, n.DataDir) {
			return "has the data directory in its arguments", ""
		}
		return "", ""
	}
	cwd, err := os.Stat(fs.path(p.pid, "cwd"))
	switch {
	case err == nil:
		if own, err := os.Stat(n.DataDir); err == nil && os.SameFile(cwd, own) {
			return "works in the data directory", ""
		}
	case gone(err):
		return "", "" // it ended while we looked
	case inPIDFile:
		return "is named by the pid file", ""
	}
	if file, given := option(p.argv, "defaults-file"); given {
		if own, has := option(n.Start, "defaults-file"); has && sameFile(file, own) {
			return "reads the node's option file", ""
		}
	}
	if err != nil {
		return "", fmt.Sprintf("process %d (%s) belongs to another account, so whether it is this server cannot be seen: run kagu-node as root",
			p.pid, clean(p.comm, 20))
	}
	return "", ""
}

// looksLikeServer tells by the executable; by the name if we may not see the executable.
func (fs procfs) looksLikeServer(p process, n inventory.Node) bool {
	names := serverNames
	if len(n.Start) > 0 {
		names = append(slices.Clone(names), filepath.Base(n.Start[0]))
	}
	exe, err := os.Readlink(fs.path(p.pid, "exe"))
	if err == nil {
		return slices.Contains(names, filepath.Base(strings.TrimSuffix(exe, " (deleted)")))
	}
	return slices.Contains(names, p.comm) || len(p.argv) > 0 && slices.Contains(names, filepath.Base(p.argv[0]))
}

// lockHolder asks the kernel who holds the lock on ibdata1. A server holds it from its early
// start to its end, under whatever name, in whatever container.
func (fs procfs) lockHolder(n inventory.Node, s *scan) {
	if n.DataDir == "" {
		return
	}
	f, err := openRegular(filepath.Join(n.DataDir, "ibdata1"))
	if gone(err) {
		return
	}
	if err != nil {
		s.notes = append(s.notes, fmt.Sprintf("who locks ibdata1 cannot be seen: %v", err))
		return
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock); err != nil {
		s.notes = append(s.notes, fmt.Sprintf("who locks ibdata1 cannot be seen: %v", err))
		return
	}
	if lock.Type == unix.F_UNLCK || slices.ContainsFunc(s.servers, func(k sighting) bool { return k.pid == int(lock.Pid) }) {
		return
	}
	if lock.Pid > 0 {
		if p, ok, err := fs.process(int(lock.Pid)); err == nil && ok {
			s.servers = append(s.servers, sighting{p, "holds the lock of ibdata1"})
			return
		}
	}
	s.unsure = append(s.unsure, "a process that cannot be seen from here (a container?) holds the lock of ibdata1")
}

// pidFrom reads the pid file; 0 if there is none that makes sense.
func pidFrom(path string, s *scan) int {
	if path == "" {
		return 0
	}
	text, err := readRegular(path, 64)
	if gone(err) {
		return 0
	}
	var pid int
	if err == nil {
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	if err != nil || pid < 1 {
		s.notes = append(s.notes, fmt.Sprintf("pid file %s is of no use", path))
		return 0
	}
	return pid
}

// option finds --name=value or --name value among the arguments; the last one wins. The
// server takes - and _ for the same.
func option(argv []string, name string) (value string, given bool) {
	for i, arg := range argv {
		key, v, joined := strings.Cut(arg, "=")
		if strings.ReplaceAll(key, "_", "-") != "--"+name {
			continue
		}
		if !joined {
			if i+1 >= len(argv) {
				continue
			}
			v = argv[i+1]
		}
		value, given = v, true
	}
	return value, given
}

// sameFile compares two paths by what they lead to; by their text if they lead nowhere.
func sameFile(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(x, y)
	}
	return filepath.Clean(a) == filepath.Clean(b)
}
