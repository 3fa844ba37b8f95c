package backupd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
)

// A restore reads from a store that backupd prunes, perhaps on another machine. So it holds what it
// reads by an object in the store. All that a prune must know is in its name: that it is there cannot
// be read wrong, and to find out takes one listing. It is not signed, since the worst that a forged one
// does is to keep a backup.

// holdFor is how long a hold lasts that is not renewed: what a restore leaves behind that dies holds up
// a prune no longer than this.
const holdFor = 2 * time.Hour

// holdAgain is how often a hold is renewed.
const holdAgain = 20 * time.Minute

// HoldDuring keeps a backup, its chain and the binary logs behind it from being pruned in this store
// while do runs. What keeps it from doing so is told and keeps nobody from restoring: the account may
// have no right to write to the store. When do fails, the hold stays until it lapses, for who begins
// again; dir, the folder of the restore, remembers it, and who ends well there gives up all of them.
func (v Vault) HoldDuring(ctx context.Context, cluster, id, by, dir string, tell func(error), do func() error) error {
	h := holding{vault: v, cluster: cluster, id: id, by: by, dir: dir}
	if err := h.renew(ctx, time.Now()); err != nil {
		tell(fmt.Errorf("nothing keeps a prune from removing what is read here, if retention gives it up meanwhile: %w", err))
	}
	if _, err := v.Store.Stat(ctx, manifestOf(cluster, id)); errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%s was removed since it was chosen: the same command chooses again: %w", id, err)
	}
	renewing, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.renewUntil(renewing, tell)
	}()
	err := do()
	stop()
	<-ended
	if err != nil {
		return err
	}
	if err := h.release(context.WithoutCancel(ctx)); err != nil {
		tell(fmt.Errorf("a hold is left in the store, which lapses in %s by itself: %w", holdFor, err))
	}
	return nil
}

// holding is a hold that is renewed: by a new object, since none is ever changed.
type holding struct {
	vault           Vault
	cluster, id, by string
	dir             string
	name            string // of the newest; "" if none could be stored
}

func (h *holding) renew(ctx context.Context, now time.Time) error {
	name := holdOf(h.cluster, h.id, now.Add(holdFor))
	text := []byte(h.by + " reads this backup since " + now.UTC().Format(time.RFC3339) + "\n")
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_ = h.remember(name) // before it is there, for who is killed next; without a note it lapses by itself
	if err := h.vault.Store.Put(ctx, name, text, sha256.Sum256(text)); err != nil {
		return fmt.Errorf("hold %s in %s: %w", h.id, h.vault.Store, err)
	}
	before := h.name
	h.name = name
	if before == "" {
		return nil
	}
	return h.vault.dropHold(ctx, before)
}

func (h *holding) renewUntil(ctx context.Context, tell func(error)) {
	tick := time.NewTicker(holdAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if err := h.renew(ctx, now); err != nil && ctx.Err() == nil {
				tell(err)
			}
		}
	}
}

// heldFile names the holds that restores in a folder have stored and not given up, a line each.
const heldFile = "kagu-restore.holds"

func (h *holding) remember(name string) error {
	if err := os.MkdirAll(h.dir, 0o711); err != nil {
		return fmt.Errorf("make the folder of the restore: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(h.dir, heldFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, name)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("note what is held: %w", err)
	}
	return nil
}

// release gives up the hold, and those of earlier tries that were cut short.
func (h *holding) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	note := filepath.Join(h.dir, heldFile)
	text, err := os.ReadFile(note)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read what is held: %w", err)
	}
	var errs []error
	for name := range strings.Lines(string(text) + h.name) {
		if name = strings.TrimSuffix(name, "\n"); !strings.HasPrefix(name, holdsFolder+h.cluster+"/") || name != path.Clean(name) {
			continue // it is no hold of a restore of this cluster
		}
		if err := h.vault.dropHold(ctx, name); err != nil && !errors.Is(err, store.ErrNotFound) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := os.Remove(note); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget what was held: %w", err)
	}
	return nil
}

// dropHold removes a hold. One that is under object lock, or that who restores may not remove, lapses
// all the same.
func (v Vault) dropHold(ctx context.Context, name string) error {
	err := v.Store.Delete(ctx, name)
	if errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrDenied) {
		return nil
	}
	return err
}

// holds are what restores hold of a cluster in a store.
type holds struct {
	pins   map[string]string // by backup: since when
	lapsed []string          // objects that mean nothing any more
}

// holds finds out what is held at that time. A name that is not understood may be a hold of a newer
// release: then nothing can be told.
func (v Vault) holds(ctx context.Context, cluster string, now time.Time) (holds, error) {
	found := holds{pins: map[string]string{}}
	err := v.Store.List(ctx, holdsFolder+cluster+"/", func(i store.Info) error {
		_, id, rest, ok := belongs(holdsFolder, i.Name)
		word, _, _ := strings.Cut(rest, "-")
		until, err := time.Parse(toTheSecond, word)
		if !ok || err != nil {
			return fmt.Errorf("%s is no hold that this release understands: remove it if nobody restores from there", i.Name)
		}
		// By the clock of who restores or by that of the store, whichever is later: one may be wrong.
		if by := i.Stored.Add(holdFor); by.After(until) {
			until = by
		}
		if until.Before(now) {
			found.lapsed = append(found.lapsed, i.Name)
			return nil
		}
		found.pins[id] = "is being restored: it is held until " + until.UTC().Format(time.RFC3339) + " unless that is renewed"
		return nil
	})
	if err != nil {
		return holds{}, fmt.Errorf("find out what restores hold in %s: %w", v.Store, err)
	}
	return found, nil
}

func holdOf(cluster, id string, until time.Time) string {
	return holdsFolder + cluster + "/" + id + "/" + until.UTC().Format(toTheSecond) + "-" + unlike()
}
