package main

import (
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd/galera"
)

func addBackupGrants(cmd *kingpin.CmdClause, s *session) {
	var account galera.Account
	cmd.Flag("user", "The account's name.").Default("kagu_backup").StringVar(&account.User)
	cmd.Flag("host", "Where it may log in from, as the server writes it: 10.0.0.%. It must cover backupd's host and the members themselves.").Required().StringVar(&account.Host)
	cmd.Flag("max-user-connections", "How many connections it may have to one member.").Default(fmt.Sprint(galera.Connections)).IntVar(&account.Connections)
	cmd.Flag("desync", "Let it desync the member that is backed up, which takes SUPER. Without it the cluster waits for that member when the backup slows it down.").
		Default("true").BoolVar(&account.Desync)
	cmd.Action(func(*kingpin.ParseContext) error {
		statements, err := account.SQL()
		if err != nil {
			return err
		}
		fmt.Fprintln(s.out, "-- Backups of a Galera cluster: by backupd over the network and by kagu-node on the member.")
		fmt.Fprintf(s.out, "-- Write the password for %s. Accounts are replicated: run it on one node.\n", galera.Placeholder)
		for _, g := range account.Grants() {
			fmt.Fprintf(s.out, "-- %s: %s.\n", g.Privilege, g.For)
		}
		for _, statement := range statements {
			fmt.Fprintln(s.out, statement+";")
		}
		return nil
	})
}
