package backupd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
)

// A Record is what one look at a backup found. It is kept beside the backup, signed.
type Record struct {
	Format  int       `json:"format"`
	Cluster string    `json:"cluster"`
	Backup  string    `json:"backup"`          // ID
	Chain   []string  `json:"chain,omitempty"` // IDs that were restored, the full one first
	Look    Look      `json:"look"`
	By      string    `json:"by"` // "schedule", "after the upload", or a human
	Begun   time.Time `json:"begun"`
	Ended   time.Time `json:"ended"`
	Good    bool      `json:"good"`
	Said    string    `json:"said"` // what was found, in a sentence

	Evidence *Evidence `json:"evidence,omitempty"` // of a proof
}

// Look is how close a look was.
type Look string

// The looks. Sealed compared digests; Opened decrypted and decompressed as well; Proven restored
// the backup and looked at what came back.
const (
	Sealed Look = "sealed"
	Opened Look = "opened"
	Proven Look = "proven"
)

// SaveRecord keeps a record beside its backup.
func (v Vault) SaveRecord(ctx context.Context, r Record) error {
	return v.keep(ctx, proofOf(r.Cluster, r.Backup, r.Ended), r)
}

// Records returns what was found of a backup, the oldest first. A record that is damaged or not
// signed proves nothing: it is left out, and told.
func (v Vault) Records(ctx context.Context, cluster, id string) (records []Record, damaged error) {
	var names []string
	err := v.Store.List(ctx, proofsOf(cluster, id), func(i store.Info) error {
		names = append(names, i.Name)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the proofs of %s in %s: %w", id, v.Store, err)
	}
	var errs []error
	for _, name := range names {
		var r Record
		err := v.document(ctx, name, &r)
		if err == nil && (r.Format != Format || r.Cluster != cluster || r.Backup != id) {
			err = fmt.Errorf("%s in %s is %w: it is of %+.60q", name, v.Store, ErrDamaged, r.Backup)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b Record) int { return a.Ended.Compare(b.Ended) })
	return records, errors.Join(errs...)
}
