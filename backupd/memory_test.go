package backupd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
)

// memory is a store for tests of what is above stores; stores have tests of their own.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	put     func(name string) error // is asked before each Put; nil: all is well
	del     func(name string) error // and before each Delete
	spoil   func(name string) bool  // says whose content is damaged while it is put; nil: nobody's
	hidden  string                  // a folder that may not be listed; empty: none
}

func newMemory() *memory { return &memory{objects: map[string][]byte{}} }

func (m *memory) Put(_ context.Context, name string, content []byte, _ store.Sum) error {
	if m.put != nil {
		if err := m.put(name); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, taken := m.objects[name]; taken && !bytes.Equal(old, content) {
		return errors.New("taken")
	}
	m.objects[name] = bytes.Clone(content)
	if m.spoil != nil && m.spoil(name) {
		m.objects[name][len(content)/2]++
	}
	return nil
}

func (m *memory) Get(_ context.Context, name string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	content, found := m.objects[name]
	if !found {
		return nil, store.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

func (m *memory) Stat(_ context.Context, name string) (store.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	content, found := m.objects[name]
	if !found {
		return store.Info{}, store.ErrNotFound
	}
	return store.Info{Name: name, Size: int64(len(content)), Stored: time.Now()}, nil
}

func (m *memory) List(_ context.Context, prefix string, each func(store.Info) error) error {
	m.mu.Lock()
	there, hidden := maps.Clone(m.objects), m.hidden // who is called may change what is there
	m.mu.Unlock()
	if hidden != "" && strings.HasPrefix(prefix, hidden) {
		return errors.New("access denied")
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if strings.HasPrefix(name, prefix) {
			if err := each(store.Info{Name: name, Size: int64(len(there[name]))}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *memory) hide(folder string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hidden = folder
}

func (m *memory) Delete(_ context.Context, name string) error {
	if m.del != nil {
		if err := m.del(name); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, name)
	return nil
}

func (m *memory) Free(context.Context) (uint64, bool, error) { return 0, false, nil }

func (m *memory) String() string { return "memory" }
