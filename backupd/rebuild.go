package backupd

import (
	"context"
	"database/sql"
	"errors"
)

// Found is what a rebuild of the catalogue found in the stores.
type Found struct {
	Backups int      `json:"backups"`
	Records int      `json:"records"`
	Damaged []string `json:"damaged,omitempty"` // manifests and records that prove nothing, and why
}

// Rebuild makes the part of the catalogue that speaks of backups anew from the stores, by name. A
// store that cannot be listed is an error, and what was known before stays.
func (c *Catalogue) Rebuild(ctx context.Context, vaults map[string]Vault) (Found, error) {
	var found Found
	type row struct {
		store   string
		listed  Listed
		records []Record
	}
	var rows []row
	for name, v := range vaults {
		list, err := v.List(ctx, "")
		if err != nil {
			return Found{}, err
		}
		for _, l := range list {
			if l.Err != nil {
				if !errors.Is(l.Err, ErrDamaged) {
					return Found{}, l.Err
				}
				found.Damaged = append(found.Damaged, l.Err.Error())
				continue
			}
			var records []Record
			if l.Manifest.Looked() {
				records, err = v.Records(ctx, l.Cluster, l.ID)
			}
			if err != nil && !errors.Is(err, ErrDamaged) {
				return Found{}, err
			}
			if err != nil {
				found.Damaged = append(found.Damaged, err.Error())
			}
			rows = append(rows, row{name, l, records})
		}
	}
	// One transaction: a catalogue that was emptied and not filled would let an archive begin anew.
	err := c.file.Tx(ctx, "make the catalogue again", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM copies; DELETE FROM held; DELETE FROM pieces; DELETE FROM backups; DELETE FROM records`)
		for _, r := range rows {
			if err != nil {
				break
			}
			err = add(ctx, tx, r.listed.Manifest, r.store)
			found.Backups++
			for _, record := range r.records {
				err = errors.Join(err, addRecord(ctx, tx, record))
				found.Records++
			}
		}
		return err
	})
	return found, err
}
