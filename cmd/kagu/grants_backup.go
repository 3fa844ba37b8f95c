package main

import (
	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd/galera"
	"github.com/kagu-db/kagu/backupd/ndb"
)

func addGaleraBackupGrants(cmd *kingpin.CmdClause, s *session) {
	account := accountFlags(cmd, "kagu_backup", "Where it may log in from, as the server writes it: 10.0.0.%. It must cover backupd's host and the members themselves.",
		galera.Connections, "How many connections it may have to one member.")
	desync := cmd.Flag("desync", "Let it desync the member that is backed up, which takes SUPER. Without it the cluster waits for that member when the backup slows it down.").
		Default("true").Bool()
	cmd.Action(func(*kingpin.ParseContext) error {
		return s.printAccount(*account, galera.Grants(*desync), "Backups of a Galera cluster: by backupd over the network and by kagu-node on the member.", onGalera)
	})
}

func addNDBBackupGrants(cmd *kingpin.CmdClause, s *session) {
	account := accountFlags(cmd, "kagu_backup", "Where backupd logs in from, as the server writes it: 10.0.0.%.",
		ndb.Connections, "How many connections it may have to one SQL node.")
	cmd.Action(func(*kingpin.ParseContext) error {
		return s.printAccount(*account, ndb.Grants(), "Backups of an NDB cluster: what is read from an SQL node. The backup itself needs no account.", onNDB)
	})
}
