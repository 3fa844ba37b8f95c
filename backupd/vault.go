package backupd

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/backupd/store"
)

// Keys are what seals, signs and opens backups.
type Keys struct {
	Recipients []age.Recipient // that parts are encrypted to
	Identities []age.Identity  // that open parts; none: backups can be taken, not looked into
	Signer     *Signer         // nil: nothing can be taken
	Trust      Trust
}

// A Vault is a store with the keys to what is in it.
type Vault struct {
	Store store.Store
	Keys  Keys
}

// Load returns the manifest of a backup, if its signature and all that it says hold.
func (v Vault) Load(ctx context.Context, cluster, id string) (Manifest, error) {
	if !nameShape.MatchString(cluster) || !idShape.MatchString(id) {
		return Manifest{}, fmt.Errorf("%+.60q of %+.60q cannot be a backup: %w", id, cluster, store.ErrNotFound)
	}
	var m Manifest
	if err := v.document(ctx, manifestOf(cluster, id), &m); err != nil {
		return Manifest{}, err
	}
	if err := m.Valid(); err != nil {
		return Manifest{}, fmt.Errorf("manifest of %s in %s is %w: %w", id, v.Store, ErrDamaged, err)
	}
	if m.ID != id || m.Cluster != cluster { // a good manifest under another's name
		return Manifest{}, fmt.Errorf("manifest of %s in %s is %w: it is that of %s of %s", id, v.Store, ErrDamaged, m.ID, m.Cluster)
	}
	return m, nil
}

// Save stores the manifest of a backup whose parts are all stored. From here on the backup exists.
func (v Vault) Save(ctx context.Context, m Manifest) error {
	if err := m.Valid(); err != nil {
		return fmt.Errorf("write the manifest of %s: %w", m.ID, err)
	}
	return v.keep(ctx, manifestOf(m.Cluster, m.ID), m)
}

// Listed is one backup that a store lists: its manifest, or why it cannot be read.
type Listed struct {
	Cluster, ID string
	Manifest    Manifest
	Err         error
}

// List returns every backup of a cluster, the oldest first, those included whose manifest is
// damaged; "" lists all clusters. What is no manifest is passed over.
func (v Vault) List(ctx context.Context, cluster string) ([]Listed, error) {
	prefix := manifestsFolder
	if cluster != "" {
		prefix += cluster + "/"
	}
	var all []Listed
	err := v.Store.List(ctx, prefix, func(i store.Info) error {
		if cluster, id, rest, ok := belongs(manifestsFolder, i.Name); ok && rest == "" {
			all = append(all, Listed{Cluster: cluster, ID: id})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the backups in %s: %w", v.Store, err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i := range all {
		g.Go(func() error {
			all[i].Manifest, all[i].Err = v.Load(ctx, all[i].Cluster, all[i].ID)
			return nil
		})
	}
	_ = g.Wait() // each says for itself
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b Listed) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// Source returns the streams of a backup.
func (v Vault) Source(m Manifest) *Reader {
	return &Reader{Store: v.Store, Manifest: m, Identities: v.Keys.Identities}
}

// CanOpen reports whether there is a key at hand that may open the backup.
func (v Vault) CanOpen(m Manifest) bool {
	return len(m.Sealing.Recipients) == 0 || len(v.Keys.Identities) > 0
}

// Check reads every part of a backup. With a key it decrypts and decompresses as well; without
// one it compares the digests, and opened is false.
func (v Vault) Check(ctx context.Context, m Manifest, progress func(plain, stored int)) (opened bool, err error) {
	if !v.CanOpen(m) {
		return false, v.checkSealed(ctx, m, progress)
	}
	r := v.Source(m)
	r.Progress = progress
	for _, s := range m.Streams {
		body, err := r.Open(ctx, s.Name)
		if err != nil {
			return true, err
		}
		n, err := io.Copy(io.Discard, body)
		if err := errors.Join(err, body.Close()); err != nil {
			return true, err
		}
		if n != s.Size {
			return true, fmt.Errorf("stream %s of %s is %w: %d bytes of %d", s.Name, m.ID, ErrDamaged, n, s.Size)
		}
	}
	return true, nil
}

func (v Vault) checkSealed(ctx context.Context, m Manifest, progress func(plain, stored int)) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for _, s := range m.Streams {
		for n, p := range s.Parts {
			g.Go(func() error {
				name := partOf(m.Cluster, m.ID, s.Name, n)
				sum, size, err := digest(ctx, v.Store, name)
				switch {
				case errors.Is(err, store.ErrNotFound):
					return fmt.Errorf("part %s in %s is %w: %w", name, v.Store, ErrDamaged, err)
				case err != nil:
					return fmt.Errorf("read part %s: %w", name, err)
				case size != p.Size || hex.EncodeToString(sum[:]) != p.Sum:
					return fmt.Errorf("part %s in %s is %w: its digest is not the manifest's", name, v.Store, ErrDamaged)
				}
				if progress != nil {
					progress(int(p.Plain), int(p.Size))
				}
				return nil
			})
		}
	}
	return g.Wait()
}
