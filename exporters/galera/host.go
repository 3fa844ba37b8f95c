package galera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// host is the collector of what a database host knows of its node without the server. It only
// reads, and never follows a file into another folder's device: what is no regular file is refused.
type host struct {
	dataDir, statusFile string // statusFile is "" if the server writes none
	pidFile, service    string
	cgroups, proc       string // where control groups and processes are
}

// Name returns "host".
func (host) Name() string { return "host" }

// Collect emits what it can read. One file that is missing or damaged costs only itself.
func (h host) Collect(_ context.Context, emit func(prometheus.Metric)) error {
	e := emitter(emit)
	return errors.Join(h.disk(e), h.saved(e), h.view(e), h.transfer(e), h.process(e))
}

func (h host) disk(e emitter) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(h.dataDir, &fs); err != nil {
		return fmt.Errorf("statfs %s: %w", h.dataDir, err)
	}
	e(metric.GaleraDatadirSizeBytes.Sample(float64(fs.Blocks) * float64(fs.Bsize)))
	e(metric.GaleraDatadirAvailableBytes.Sample(float64(fs.Bavail) * float64(fs.Bsize)))
	return nil
}

func (h host) saved(e emitter) error {
	file, err := open(filepath.Join(h.dataDir, "grastate.dat"))
	if err != nil {
		return err
	}
	defer file.Close()
	p, err := wsrep.ParseGrastate(file)
	if err != nil {
		return err
	}
	e(metric.GaleraGrastateSeqno.Sample(float64(p.Seqno)))
	safe := 0.0
	if p.SafeToBootstrap {
		safe = 1
	}
	e(metric.GaleraGrastateSafeToBootstrap.Sample(safe))
	return nil
}

func (h host) view(e emitter) error {
	file, err := open(filepath.Join(h.dataDir, "gvwstate.dat"))
	if errors.Is(err, fs.ErrNotExist) {
		e(metric.GaleraGvwstatePresent.Sample(0))
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := wsrep.ParseGvwstate(file); err != nil {
		return err
	}
	e(metric.GaleraGvwstatePresent.Sample(1))
	return nil
}

// transferMark is the file that the scripts of rsync and mariabackup keep in the data directory
// while they receive.
const transferMark = "sst_in_progress"

// transfer tells what the status file says. The script of mariabackup empties the joiner's data
// directory, of that file too; then its own mark says that the transfer goes on.
func (h host) transfer(e emitter) error {
	if h.statusFile == "" {
		return nil
	}
	file, err := open(h.statusFile)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(h.dataDir, transferMark)); err == nil {
			e.states(metric.GaleraStateTransferPhase, "receiving_sst")
		}
		return nil // the server is not set to write one
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w (the server writes it for its own account only)", err)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	s, err := wsrep.ParseStatusFile(file)
	if err != nil {
		return err
	}
	e.states(metric.GaleraStateTransferPhase, s.Phase)
	e(metric.GaleraStatusFileTimestampSeconds.Sample(s.Timestamp))
	e(metric.GaleraStatusFileMessages.Sample(float64(s.Errors), "error"))
	e(metric.GaleraStatusFileMessages.Sample(float64(s.Warnings), "warning"))
	switch s.Phase {
	case "receiving_sst", "donating":
		e.number(metric.GaleraSSTExpectedBytes, s.Total)
		e.number(metric.GaleraSSTDoneBytes, s.Done)
	case "receiving_ist", "syncing":
		e.number(metric.GaleraISTExpectedEvents, s.Total)
		e.number(metric.GaleraISTDoneEvents, s.Done)
	}
	return nil
}

// open opens a regular file, and waits for nobody to write into a pipe.
func open(path string) (io.ReadCloser, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
