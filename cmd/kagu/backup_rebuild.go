package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/statefile"
)

// storePatience is how long a store may fail before a command gives up.
const storePatience = time.Minute

func addBackupRebuild(backup *kingpin.CmdClause, s *session) {
	cmd := backup.Command("rebuild-catalogue", "Make backupd's catalogue of backups again from what the stores hold. Stop backupd first.")
	dir := cmd.Flag("storage.path", "backupd's folder.").Default("/var/lib/kagu/backupd").String()
	cmd.Action(func(*kingpin.ParseContext) error {
		fleet, err := inventory.LoadFor(s.config, inventory.Backups)
		if err != nil {
			return err
		}
		vaults := map[string]backupd.Vault{}
		for name := range fleet.Backup.Stores {
			if vaults[name], err = vault(fleet, name); err != nil {
				return err
			}
		}
		c, err := backupd.OpenCatalogue(*dir)
		if errors.Is(err, statefile.ErrInUse) {
			return fmt.Errorf("%w; it is backupd: systemctl stop backupd", err)
		}
		if err != nil {
			return err
		}
		defer c.Close()
		found, err := c.Rebuild(s.ctx, vaults)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%d backups and %d proofs found in %d stores.\n", found.Backups, found.Records, len(vaults))
		for _, d := range found.Damaged {
			fmt.Fprintln(s.out, red("damaged: ")+plain(d))
		}
		return nil
	})
}
