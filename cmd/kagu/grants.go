package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/exporters/galera"
	"github.com/kagu-db/kagu/exporters/ndb"
)

func addGrants(app *kingpin.Application, s *session) {
	cmd := app.Command("grants", "Print the SQL for the account of one of Kagu's programs, or the policy of its bucket: what it needs and no more.")
	addExporterGrants(cmd.Command("galera-exporter", "The account that galera_exporter logs in with."), s)
	addBackupGrants(cmd.Command("backup", "The account that a Galera cluster is backed up with."), s)
	addNDBBackupGrants(cmd.Command("backup-ndb", "The account that backups of an NDB cluster are taken with on the SQL nodes."), s)
	addNDBGrants(cmd.Command("ndb-exporter", "The account that ndb_exporter logs in with on the SQL nodes."), s)
	addS3Grants(cmd.Command("s3", "The policy of a bucket that backups are kept in, as JSON."), s)
}

func addExporterGrants(cmd *kingpin.CmdClause, s *session) {
	var account galera.Account
	cmd.Flag("user", "The account's name.").Default("kagu_monitor").StringVar(&account.User)
	cmd.Flag("host", "Where it may log in from, as the server writes it: 10.0.0.%.").Required().StringVar(&account.Host)
	cmd.Flag("max-user-connections", "How many connections it may have. One exporter has up to three to a node: for scrapes, for slow collectors, for proxies.").
		Default("3").IntVar(&account.Connections)
	on := map[string]*bool{}
	for _, of := range galera.Sources() {
		on[of.Name] = cmd.Flag("collector."+of.Name, "As galera_exporter has it.").Default(fmt.Sprint(of.On)).Bool()
	}
	cmd.Action(func(*kingpin.ParseContext) error {
		switches := galera.Switches{}
		for name, value := range on {
			switches[name] = *value
		}
		sources := switches.On()
		statements, err := account.SQL(sources)
		if err != nil {
			return err
		}
		var names []string
		for _, of := range sources {
			names = append(names, of.Name)
		}
		fmt.Fprintf(s.out, "-- galera_exporter with the collectors %s.\n", strings.Join(names, ", "))
		fmt.Fprintf(s.out, "-- Write the password for %s. Accounts are replicated: run it on one node.\n", galera.Placeholder)
		for _, statement := range statements {
			fmt.Fprintln(s.out, statement+";")
		}
		return nil
	})
}

func addNDBGrants(cmd *kingpin.CmdClause, s *session) {
	var account ndb.Account
	cmd.Flag("user", "The account's name.").Default("kagu_monitor").StringVar(&account.User)
	cmd.Flag("host", "Where it may log in from, as the server writes it: 10.0.0.%.").Required().StringVar(&account.Host)
	cmd.Flag("max-user-connections", "How many connections it may have to one SQL node. One exporter has up to that many: most are for ndbinfo, whose tables are read side by side.").
		Default(fmt.Sprint(ndb.Connections)).IntVar(&account.Connections)
	on := map[string]*bool{}
	for _, of := range ndb.SQLSources() {
		on[of.Name] = cmd.Flag("collector."+of.Name, "As ndb_exporter has it.").Default(fmt.Sprint(of.On)).Bool()
	}
	cmd.Action(func(*kingpin.ParseContext) error {
		var sources []ndb.SQLSource
		var names []string
		for _, of := range ndb.SQLSources() {
			if *on[of.Name] {
				sources, names = append(sources, of), append(names, of.Name)
			}
		}
		statements, err := account.SQL(sources)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "-- ndb_exporter with the collectors %s; those of the management servers need no account.\n", strings.Join(names, ", "))
		fmt.Fprintf(s.out, "-- Write the password for %s. NDB_STORED_USER makes it one account on all SQL nodes: run it on one of them.\n", ndb.Placeholder)
		for _, statement := range statements {
			fmt.Fprintln(s.out, statement+";")
		}
		return nil
	})
}
