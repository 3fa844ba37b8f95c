package backupd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// mergeEvery is how often pieces of binary logs are looked for that can be put together.
const mergeEvery = 10 * time.Minute

// mergeUntil puts pieces together until the context ends. Nothing waits for it: it stands back while
// anything else runs.
func (e *Engine) mergeUntil(ctx context.Context) {
	tick := time.NewTicker(mergeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, c := range e.Fleet().Clusters {
			if c.Backup == nil {
				continue
			}
			if err := e.mergeAll(ctx, c); err != nil && ctx.Err() == nil {
				e.Log.WarnContext(ctx, "pieces of binary logs stay as they are, tried again soon", "cluster", c.Name, "err", err)
			}
		}
	}
}

// mergeAll makes a large piece of the many small ones of each hour. It removes none of them:
// retention gives up those that are in a larger one which was read back. Without a key that opens
// them they stay as they are.
func (e *Engine) mergeAll(ctx context.Context, c inventory.Cluster) error {
	pieces, err := e.Catalogue.Pieces(ctx, c.Name)
	if err != nil || len(pieces) == 0 {
		return err
	}
	v, err := e.signingVault(c.Backup.Store)
	if err != nil || len(v.Keys.Recipients) > 0 && len(v.Keys.Identities) == 0 {
		return err
	}
	var errs []error
	for _, p := range pieces { // one that was stored just before backupd was killed
		if p.Merged > 0 && !p.Whole && p.Bad == "" {
			m, err := v.Load(ctx, c.Name, p.ID)
			if err == nil {
				_, err = e.look(ctx, v, m, "after it was put together")
			}
			errs = append(errs, err)
		}
	}
	for _, g := range groups(pieces, e.now()) {
		if ctx.Err() != nil || len(e.Running()) > 0 {
			break
		}
		err := e.merge(ctx, c, v, g)
		if errs = append(errs, err); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoKey) {
			break // the next ones would meet the same
		}
	}
	return errors.Join(errs...)
}

// merge stores one piece that holds what a group of them holds. Before it exists it is read back
// and compared with them, byte for byte.
func (e *Engine) merge(ctx context.Context, c inventory.Cluster, v Vault, group []Piece) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("put %d pieces from %s on together: %w", len(group), group[0].ID, err)
		}
	}()
	var parts []Manifest
	for _, p := range group {
		m, err := v.Load(ctx, c.Name, p.ID)
		if err != nil {
			return err
		}
		parts = append(parts, m)
	}
	m, err := Join(parts)
	if err != nil {
		return err
	}
	m.ID, m.Kagu, m.Sealing = NewID(Binlog, m.Begun), e.Version, e.sealing()
	sealer, err := NewSealer(ctx, v.Store, c.Name, m.ID, SealOptions{Recipients: v.Keys.Recipients, Workers: 1})
	if err != nil {
		return err
	}
	sums := map[string]hash.Hash{}
	for _, stream := range parts[0].Streams {
		sums[stream.Name] = sha256.New()
		if err := v.thread(ctx, sealer, parts, stream.Name, sums[stream.Name]); err != nil {
			sealer.Fail(err)
			break
		}
	}
	if m.Streams, err = sealer.Finish(); err == nil {
		err = v.compare(ctx, m, sums)
	}
	if err != nil {
		e.sweep(context.WithoutCancel(ctx), c, m.ID)
		return err
	}
	if err := v.Save(ctx, m); err != nil {
		return err
	}
	if err := e.Catalogue.Add(ctx, m, c.Backup.Store.Name); err != nil {
		return err
	}
	at := e.now().UTC()
	r := Record{Format: Format, Cluster: c.Name, Backup: m.ID, Look: Opened, By: "after it was put together", Begun: at, Ended: at, Good: true}
	r.Said = fmt.Sprintf("read back, it is the same as the %d pieces that it was put together from", len(parts))
	if err := e.keep(ctx, v, r); err != nil {
		return err
	}
	e.Log.InfoContext(ctx, "pieces of a binary log were put together", "cluster", c.Name, "backup", m.ID, "pieces", len(parts), "stored", m.Stored())
	return nil
}

// thread writes a stream of several backups into one, one behind the other, and into sum.
func (v Vault) thread(ctx context.Context, to Sink, parts []Manifest, name string, sum io.Writer) error {
	w, err := to.Stream(ctx, name)
	if err != nil {
		return err
	}
	for _, m := range parts {
		if err := v.pour(ctx, m, name, io.MultiWriter(w, sum)); err != nil {
			return fmt.Errorf("read %s: %w", m.ID, err)
		}
	}
	return w.Close()
}

// pour reads a whole stream.
func (v Vault) pour(ctx context.Context, m Manifest, name string, into io.Writer) error {
	body, err := v.Source(m).Open(ctx, name)
	if err != nil {
		return err
	}
	_, err = io.Copy(into, body)
	return errors.Join(err, body.Close())
}

// compare reads every stream of a backup from the store and compares it with what it must be.
func (v Vault) compare(ctx context.Context, m Manifest, want map[string]hash.Hash) error {
	if len(m.Streams) != len(want) {
		return fmt.Errorf("%s has %d streams, want %d", m.ID, len(m.Streams), len(want))
	}
	for name, sum := range want {
		got := sha256.New()
		if err := v.pour(ctx, m, name, got); err != nil {
			return err
		}
		if string(got.Sum(nil)) != string(sum.Sum(nil)) {
			return fmt.Errorf("stream %s, read back, is not what was written: nothing was changed", name)
		}
	}
	return nil
}
