package main

import (
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/inventory"
)

func addBackup(app *kingpin.Application, s *session) {
	cmd := app.Command("backup", "Take, look at, prove and restore backups. When data is lost: kagu backup list shows what there is, kagu backup restore --help how to bring it back. Both work without backupd: kagu.yaml, the store and the key are enough.")
	addBackupList(cmd, s)
	addBackupRestore(cmd, s)
	addBackupShow(cmd, s)
	addBackupRun(cmd, s)
	addBackupVerify(cmd, s)
	addBackupCancel(cmd, s)
	addBackupRuns(cmd, s)
	addBackupPrune(cmd, s)
	addBackupSchedule(cmd, s)
	addBackupKeys(cmd, s)
	addBackupRebuild(cmd, s)
}

// vault opens a store of kagu.yaml with the keys that are named there.
func vault(fleet *inventory.Fleet, name string) (backupd.Vault, error) {
	s, found := fleet.Backup.Stores[name]
	if !found {
		return backupd.Vault{}, fmt.Errorf("no store is named %q under backup.stores of kagu.yaml", name)
	}
	keys, err := backupd.NewKeys(fleet.Backup)
	if err != nil {
		return backupd.Vault{}, err
	}
	st, err := store.Open(s)
	if err != nil {
		return backupd.Vault{}, err
	}
	return backupd.Vault{Store: store.Retry{Store: st, For: storePatience}, Keys: keys}, nil
}

// entries reads the backups of a cluster straight from a store. What is damaged is listed apart.
func entries(s *session, v backupd.Vault, cluster string) (all []backupd.Entry, damaged []error, err error) {
	list, err := v.List(s.ctx, cluster)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range list {
		if l.Err != nil {
			damaged = append(damaged, l.Err)
			continue
		}
		var records []backupd.Record
		if l.Manifest.Looked() {
			if records, err = v.Records(s.ctx, l.Cluster, l.ID); err != nil {
				damaged = append(damaged, err)
			}
		}
		all = append(all, backupd.Entry{Manifest: l.Manifest.Head(), Records: records})
	}
	return all, damaged, nil
}
