package main

import (
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd/ndb"
)

func addNDBBackupGrants(cmd *kingpin.CmdClause, s *session) {
	var account ndb.Account
	cmd.Flag("user", "The account's name.").Default("kagu_backup").StringVar(&account.User)
	cmd.Flag("host", "Where backupd logs in from, as the server writes it: 10.0.0.%.").Required().StringVar(&account.Host)
	cmd.Flag("max-user-connections", "How many connections it may have to one SQL node.").Default(fmt.Sprint(ndb.Connections)).IntVar(&account.Connections)
	cmd.Action(func(*kingpin.ParseContext) error {
		statements, err := account.SQL()
		if err != nil {
			return err
		}
		fmt.Fprintln(s.out, "-- Backups of an NDB cluster: what is read from an SQL node. The backup itself needs no account.")
		fmt.Fprintf(s.out, "-- Write the password for %s. NDB_STORED_USER makes it one account on all SQL nodes: run it on one of them.\n", ndb.Placeholder)
		for _, g := range ndb.Grants() {
			fmt.Fprintf(s.out, "-- %s: %s.\n", g.Privilege, g.For)
		}
		for _, statement := range statements {
			fmt.Fprintln(s.out, statement+";")
		}
		return nil
	})
}
