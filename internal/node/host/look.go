package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// How long each part of a look may take; all of them together less than a client waits for a report.
// On a host whose processors are all busy the processes are what takes longest.
const (
	scanLimit = 4 * time.Second
	unitLimit = 2 * time.Second
	fileLimit = time.Second
)

// facts is one look at a node: what is reported, and beside it what only the verbs need.
type facts struct {
	state node.State
	doubt string // why the process is ProcessUnknown
	ticks int64  // when the process started, in the kernel's own count: with the id it names the process

	unit     *unit // nil without systemd, or if it did not answer
	noUnit   error // why
	saved    *cluster.SavedPosition
	savedAt  time.Time // when grastate.dat was last written
	boot     time.Time // when the host started
	noSaved  error     // why saved is nil
	dataDir  error     // nil if the data directory is there
	diskFree float64   // share
	noDisk   error     // why diskFree is not known
}

// look finds out all that can be found out without asking the database. The data directory
// is read after the processes: a position read before its server was seen gone could be the
// one from before its end.
func (s *Server) look(ctx context.Context, n inventory.Node) facts {
	f := facts{state: node.State{At: s.now().UTC(), Process: cluster.ProcessUnknown}}
	note := func(format string, args ...any) {
		f.state.Notes = append(f.state.Notes, clean(fmt.Sprintf(format, args...), 300))
	}

	if n.Service != "" {
		u, err := within(unitLimit, func() (unit, error) { return s.showUnit(ctx, n.Service) })
		if err != nil {
			f.noUnit = err
			note("systemd: %v", err)
		} else {
			f.unit, f.state.Unit = &u, u.String()
		}
	}
	mainPID := 0
	if f.unit != nil {
		mainPID = f.unit.MainPID
	}
	found, err := within(scanLimit, func() (scan, error) { return s.proc.scan(n, mainPID), nil })
	if err != nil {
		found.unsure = append(found.unsure, err.Error())
	}
	s.judgeProcess(n, found, &f, note)

	var parts sync.WaitGroup
	var lines []string
	var view []string
	var logErr, viewErr error
	parts.Go(func() { f.readSaved(n) })
	parts.Go(func() { f.readDisk(n) })
	parts.Go(func() {
		lines, logErr = within(fileLimit, func() ([]string, error) { return logTail(n) })
	})
	parts.Go(func() {
		view, viewErr = within(fileLimit, func() ([]string, error) { return lastView(n) })
	})
	parts.Wait()
	f.state.Log, f.state.LastView, f.state.Saved = lines, view, f.saved
	for _, part := range []struct {
		what string
		err  error
	}{{"data directory", f.dataDir}, {"disk", f.noDisk}, {"error log", logErr}, {"grastate.dat", f.noSaved}, {"gvwstate.dat", viewErr}} {
		if part.err != nil && !(part.what == "gvwstate.dat" && gone(part.err)) { // absent after a clean shutdown
			note("%s: %v", part.what, part.err)
		}
	}
	f.boot = s.proc.bootTime()
	f.state.MachineID = firstWord("/etc/machine-id")
	f.state.BootID = firstWord(filepath.Join(s.proc.root, "sys/kernel/random/boot_id"))
	return f
}

// judgeProcess says whether the node's process exists, and if it cannot, why not.
func (s *Server) judgeProcess(n inventory.Node, found scan, f *facts, note func(string, ...any)) {
	for _, text := range slices.Concat(found.unsure, found.notes) {
		note("%s", text)
	}
	if len(found.servers) > 1 {
		note("%d processes are this server", len(found.servers))
	}
	for i, server := range found.servers {
		frozen := s.proc.frozen(server.process)
		if i == 0 || frozen && f.state.Process != cluster.ProcessFrozen {
			f.state.PID, f.state.Since, f.ticks = server.pid, s.proc.since(server.process), server.start
			f.state.Process = cluster.ProcessRunning
		}
		if frozen {
			f.state.Process = cluster.ProcessFrozen
		}
	}
	doubt := func(format string, args ...any) {
		f.doubt = clean(fmt.Sprintf(format, args...), 300)
		note("%s", f.doubt)
	}
	u := f.unit
	switch {
	case len(found.servers) > 0:
		if u != nil && u.Freezer != "" && u.Freezer != "running" {
			f.state.Process = cluster.ProcessFrozen
		}
		if u != nil && u.MainPID == 0 && !u.moving() {
			note("process %d %s, but systemd's %s does not know it", found.servers[0].pid, found.servers[0].how, n.Service)
		}
	case len(found.unsure) > 0:
		f.doubt = clean(strings.Join(found.unsure, "; "), 300)
	case n.Service != "" && u == nil:
		f.doubt = clean(fmt.Sprintf("systemd does not say, and the unit may be in the middle of a start: %v", f.noUnit), 300)
	case u != nil && u.Load != "loaded":
		doubt("systemd: unit %s is %s", n.Service, u.Load)
	case u != nil && u.moving():
		f.state.Process = cluster.ProcessRunning
		note("systemd is busy with %s (%s)", n.Service, u)
	case u != nil && u.Active == "active":
		doubt("systemd calls %s active, and no process of it was found", n.Service)
	default:
		f.state.Process = cluster.ProcessAbsent
	}
}

func (s *Server) showUnit(ctx context.Context, name string) (unit, error) {
	if !unitShape.MatchString(name) {
		return unit{}, fmt.Errorf("%q is not the name of a service unit", name)
	}
	ctx, cancel := context.WithTimeout(ctx, unitLimit)
	defer cancel()
	manager, err := s.openUnits(ctx)
	if err != nil {
		return unit{}, err
	}
	defer manager.Close()
	return manager.Show(ctx, name)
}

// grastate.dat and gvwstate.dat are a few hundred bytes.
const maxState = 64 << 10

func (f *facts) readSaved(n inventory.Node) {
	if n.DataDir == "" {
		f.noSaved = errors.New("the node has no datadir in kagu.yaml")
		return
	}
	type saved struct {
		cluster.SavedPosition
		at time.Time
	}
	got, err := within(fileLimit, func() (saved, error) {
		path := filepath.Join(n.DataDir, "grastate.dat")
		text, err := readRegular(path, maxState)
		if err != nil {
			return saved{}, err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return saved{}, err
		}
		position, err := wsrep.ParseGrastate(strings.NewReader(string(text)))
		return saved{position, info.ModTime().UTC()}, err
	})
	if err != nil {
		f.noSaved = err
		return
	}
	f.saved, f.savedAt = &got.SavedPosition, got.at
}

func (f *facts) readDisk(n inventory.Node) {
	if n.DataDir == "" {
		f.noDisk = errors.New("the node has no datadir in kagu.yaml")
		return
	}
	var missing error
	size, err := within(fileLimit, func() (unix.Statfs_t, error) {
		var size unix.Statfs_t
		info, err := os.Stat(n.DataDir)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is not a directory", n.DataDir)
		}
		if err != nil {
			return size, err
		}
		return size, unix.Statfs(n.DataDir, &size)
	})
	if missing = err; missing != nil {
		f.dataDir, f.noDisk = err, errors.New("not known without the data directory")
		return
	}
	if size.Blocks == 0 {
		f.noDisk = errors.New("the file system does not tell its size")
		return
	}
	f.state.DiskTotal = size.Blocks * uint64(size.Bsize)
	f.state.DiskFree = size.Bavail * uint64(size.Bsize)
	f.diskFree = float64(size.Bavail) / float64(size.Blocks)
}

func logTail(n inventory.Node) ([]string, error) {
	if n.ErrorLog == "" {
		return nil, nil
	}
	return tail(n.ErrorLog)
}

func lastView(n inventory.Node) ([]string, error) {
	if n.DataDir == "" {
		return nil, nil
	}
	text, err := readRegular(filepath.Join(n.DataDir, "gvwstate.dat"), maxState)
	if err != nil {
		return nil, err
	}
	view, err := wsrep.ParseGvwstate(strings.NewReader(string(text)))
	if err != nil {
		return nil, err
	}
	return view.Members, nil
}

// firstWord reads a one-line file of the system; "" if it is not there.
func firstWord(path string) string {
	text, err := readRegular(path, 4096)
	if err != nil {
		return ""
	}
	return clean(strings.TrimSpace(string(text)), 64)
}
