package galera

import (
	"fmt"

	"github.com/kagu-db/kagu/backupd"
)

// fault says what is wrong with a chain of backups; nil if it can be restored as far as can be told
// without reading it.
func fault(links []backupd.Link) error {
	if len(links) == 0 {
		return fmt.Errorf("there is no backup: %w", backupd.ErrBroken)
	}
	first := links[0].Manifest
	switch first.Method {
	case backupd.Physical:
	case backupd.Logical:
		if len(links) > 1 {
			return fmt.Errorf("%s is logical, and something builds on it: %w", first.ID, backupd.ErrBroken)
		}
		return nil
	default:
		return fmt.Errorf("%s is %s, and nothing can be restored from that alone: %w", first.ID, first.Method, backupd.ErrBroken)
	}
	for i, l := range links[1:] {
		m, base := l.Manifest, links[i].Manifest
		switch {
		case m.Method != backupd.Incremental || m.Base != base.ID:
			return fmt.Errorf("%s does not build on %s but on %q: %w", m.ID, base.ID, m.Base, backupd.ErrBroken)
		case m.Position.FromLSN != base.Position.ToLSN:
			return fmt.Errorf("%s begins at LSN %d and %s ends at %d: %w", m.ID, m.Position.FromLSN, base.ID, base.Position.ToLSN, backupd.ErrBroken)
		case m.Position.Lineage != base.Position.Lineage:
			return fmt.Errorf("%s is of another data directory than %s: %w", m.ID, base.ID, backupd.ErrBroken)
		}
	}
	return nil
}

// fits says whether programs of this version understand files of the server that the chain is of.
func fits(version string, m backupd.Manifest) error {
	if m.Method == backupd.Logical || series(version) == series(m.Origin.Server) {
		return nil
	}
	return fmt.Errorf("%s is of a server %s, and here is MariaDB %s, which may not understand its files: install the series %s here, or name its folder as backup.scratch.mariadb",
		m.ID, m.Origin.Server, version, series(m.Origin.Server))
}
