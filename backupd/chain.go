package backupd

import (
	"errors"
	"fmt"
	"slices"
)

// ErrBroken says that a chain cannot be restored: a backup that it needs is missing or bad.
var ErrBroken = errors.New("the chain is broken")

// chainLength is how many backups one chain may have: the full one and its incrementals. A restore
// applies them one after the other.
const chainLength = 30

// Chain returns the backups that a restore of one needs, the full one first.
func Chain(entries []Entry, id string) ([]Entry, error) {
	var chain []Entry
	for next := id; next != ""; {
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.Manifest.ID == next })
		if i < 0 {
			if next == id {
				return nil, fmt.Errorf("there is no backup %s", id)
			}
			return nil, fmt.Errorf("%w: %s builds on %s, which is not there", ErrBroken, chain[len(chain)-1].Manifest.ID, next)
		}
		chain = append(chain, entries[i])
		if len(chain) > chainLength {
			return nil, fmt.Errorf("%w: it is longer than %d backups", ErrBroken, chainLength)
		}
		next = entries[i].Manifest.Base
	}
	slices.Reverse(chain)
	for i, e := range chain {
		if why, bad := e.Bad(); bad {
			return nil, fmt.Errorf("%w: %s is bad: %s", ErrBroken, e.Manifest.ID, why)
		}
		if i > 0 && e.Manifest.Position.FromLSN != chain[i-1].Manifest.Position.ToLSN {
			return nil, fmt.Errorf("%w: %s begins at LSN %d and the one before it ends at %d", ErrBroken,
				e.Manifest.ID, e.Manifest.Position.FromLSN, chain[i-1].Manifest.Position.ToLSN)
		}
	}
	return chain, nil
}

// base returns what an incremental backup can build on: the newest physical or incremental one, if
// its chain is whole, good, and not too long. Where it is not, nothing older of that chain is tried:
// what is wrong with the newest may come from there, and a full backup is the way out.
func base(entries []Entry) (*Manifest, error) {
	for _, e := range slices.Backward(entries) {
		if e.Manifest.Method != Physical && e.Manifest.Method != Incremental {
			continue
		}
		chain, err := Chain(entries, e.Manifest.ID)
		if err == nil && len(chain) >= chainLength {
			err = fmt.Errorf("the chain has %d backups, as many as one may have", len(chain))
		}
		return &e.Manifest, err
	}
	return nil, errors.New("there is no full backup yet")
}
