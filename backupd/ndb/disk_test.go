package ndb

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
)

// disk is the hosts of a lab, whose folders are all on this machine, where a test breaks what kagu-node
// would do.
type disk struct {
	broken func(verb string, n inventory.Node) error // nil: nothing is
}

func (d disk) folder(n inventory.Node, backup uint32) string {
	return filepath.Join(n.DataDir, "BACKUP", fmt.Sprintf("BACKUP-%d", backup))
}

func (d disk) Collect(ctx context.Context, _ string, n inventory.Node, backup uint32, complete <-chan struct{}, w io.Writer) (Part, error) {
	select {
	case <-complete:
	case <-ctx.Done():
		return Part{}, context.Cause(ctx)
	}
	if d.broken != nil {
		if err := d.broken("collect", n); err != nil {
			return Part{}, err
		}
	}
	folder := d.folder(n, backup)
	out := tar.NewWriter(w)
	var files []File
	err := filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		files = append(files, File{Name: name, Size: int64(len(content))})
		err = out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content))})
		if err == nil {
			_, err = out.Write(content)
		}
		return err
	})
	return Part{Files: files}, errors.Join(err, out.Close())
}

func (d disk) Discard(_ context.Context, _ string, n inventory.Node, backup uint32) error {
	if d.broken != nil {
		if err := d.broken("discard", n); err != nil {
			return err
		}
	}
	return os.RemoveAll(d.folder(n, backup))
}

// shelf is a Sink and a Source in memory.
type shelf struct {
	mu      sync.Mutex
	streams map[string][]byte // those that were closed
}

type book struct {
	bytes.Buffer
	shelf *shelf
	name  string
}

func (s *shelf) Stream(_ context.Context, name string) (io.WriteCloser, error) {
	return &book{shelf: s, name: name}, nil
}

func (b *book) Close() error {
	b.shelf.mu.Lock()
	defer b.shelf.mu.Unlock()
	if b.shelf.streams == nil {
		b.shelf.streams = map[string][]byte{}
	}
	b.shelf.streams[b.name] = b.Bytes()
	return nil
}

func (s *shelf) Open(_ context.Context, name string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	content, ok := s.streams[name]
	if !ok {
		return nil, fmt.Errorf("no stream %s", name)
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

// ledger is the debts of a cluster.
type ledger struct {
	mu    sync.Mutex
	debts map[string]backupd.Debt // by detail
}

func (l *ledger) owe(_ context.Context, d backupd.Debt) (func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.debts == nil {
		l.debts = map[string]backupd.Debt{}
	}
	l.debts[d.Detail] = d
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.debts, d.Detail)
	}, nil
}

// left lists the files of backups that lie on the data nodes.
func left(t *testing.T, c inventory.Cluster) string {
	t.Helper()
	var all []string
	for _, n := range c.Data {
		list, err := filepath.Glob(filepath.Join(n.DataDir, "BACKUP", "BACKUP-*"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
	}
	return strings.Join(all, " ")
}
