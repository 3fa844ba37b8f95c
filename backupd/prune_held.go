package backupd

import (
	"context"
	"fmt"
	"slices"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/inventory"
)

// known is what the catalogue has of one cluster, by ID.
type known struct {
	backups map[string]Entry
	pieces  map[string]Piece
}

func (e *Engine) known(ctx context.Context, cluster string) (known, error) {
	entries, err := e.Catalogue.Entries(ctx, cluster)
	if err != nil {
		return known{}, err
	}
	pieces, err := e.Catalogue.Pieces(ctx, cluster)
	if err != nil {
		return known{}, err
	}
	k := known{make(map[string]Entry, len(entries)), make(map[string]Piece, len(pieces))}
	for _, e := range entries {
		k.backups[e.Manifest.ID] = e
	}
	for _, p := range pieces {
		k.pieces[p.ID] = p
	}
	return k, nil
}

// vanished lists what the catalogue has of a store and is not there.
func (k known) vanished(name string, there map[string]bool) []string {
	var gone []string
	for id, e := range k.backups {
		if slices.Contains(e.Stores, name) && !there[id] {
			gone = append(gone, id)
		}
	}
	for id, p := range k.pieces {
		if slices.Contains(p.Stores, name) && !there[id] {
			gone = append(gone, id)
		}
	}
	slices.Sort(gone)
	return gone
}

// held puts together what a store lists of a cluster and what was found of it. The store is the
// truth about what there is: a backup that the catalogue does not know has not been proven. Manifests
// that were read before are not read again: an archive of binary logs has very many.
func (v Vault) held(ctx context.Context, cluster string, st inventory.BackupStore, k known, pins map[string]string) ([]Held, error) {
	var ids []string
	err := v.Store.List(ctx, manifestsFolder+cluster+"/", func(i store.Info) error {
		if _, id, rest, ok := belongs(manifestsFolder, i.Name); ok && rest == "" {
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the backups in %s: %w", v.Store, err)
	}
	all := make([]Held, 0, len(ids))
	var pieces []Piece
	for _, id := range ids {
		h := Held{ID: id}
		e, p := k.backups[id], k.pieces[id]
		switch {
		case slices.Contains(e.Stores, st.Name):
			h.of(e)
		case slices.Contains(p.Stores, st.Name):
			h.ofPiece(p)
		default:
			m, err := v.Load(ctx, cluster, id)
			switch {
			case err != nil:
				h.Unreadable = err.Error()
			case m.Method == Binlog:
				read := PieceOf(m)
				read.Bad, read.Whole = p.Bad, p.Whole // found in another store
				p = read
				h.ofPiece(p)
			default:
				e.Manifest = m
				h.of(e)
			}
		}
		if h.Pinned = pins[id]; st.S3 != nil && st.S3.Lock > 0 && h.Unreadable == "" {
			h.Locked = h.Ended.Add(st.S3.Lock)
		}
		if h.Method == Binlog {
			pieces = append(pieces, p)
		}
		all = append(all, h)
	}
	sortPieces(pieces)
	within := insides(pieces, func(p Piece) bool { return p.Whole })
	for i := range all {
		all[i].Within = within[all[i].ID]
	}
	return all, nil
}

func (h *Held) of(e Entry) {
	m := e.Manifest
	h.Base, h.Method, h.Begun, h.Ended, h.Stored = m.Base, m.Method, m.Begun, m.Ended, m.Stored()
	h.Bad, _ = e.Bad()
	h.Proven, _ = e.ProvenAt()
}

func (h *Held) ofPiece(p Piece) {
	h.Method, h.Begun, h.Ended, h.Stored, h.Bad = Binlog, p.Begun, p.Ended, p.Stored, p.Bad
	h.Log = p.Node + " " + p.To.File
}
