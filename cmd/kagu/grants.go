package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/exporters/galera"
	"github.com/kagu-db/kagu/exporters/ndb"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

func addGrants(app *kingpin.Application, s *session) {
	cmd := app.Command("grants", "Print the SQL for the account of one of Kagu's programs, or the policy of its bucket: what it needs and no more. For example: kagu grants galera-exporter --host=10.0.0.% shows what to run as root on one node, once the password is in it.")
	addGaleraExporterGrants(cmd.Command("galera-exporter", "The account that galera_exporter logs in with."), s)
	addGaleraBackupGrants(cmd.Command("backup", "The account that a Galera cluster is backed up with."), s)
	addRestoreGrants(cmd.Command("restore", "The account that restores of schemas write into a running Galera cluster with. A restore of NDB needs none."), s)
	addNDBBackupGrants(cmd.Command("backup-ndb", "The account that backups of an NDB cluster are taken with on the SQL nodes."), s)
	addNDBExporterGrants(cmd.Command("ndb-exporter", "The account that ndb_exporter logs in with on the SQL nodes."), s)
	addS3Grants(cmd.Command("s3", "The policy of a bucket that backups are kept in, as JSON."), s)
}

// What is to be known of where an account is made.
const (
	onGalera = "Accounts are replicated: run it on one node."
	onNDB    = "NDB_STORED_USER makes it one account on all SQL nodes: run it on one of them."
)

// accountFlags are those of every account: its name, from where it comes, how often at once.
func accountFlags(cmd *kingpin.CmdClause, user, host string, connections int, why string) *sqlconn.Account {
	var a sqlconn.Account
	cmd.Flag("user", "The account's name.").Default(user).StringVar(&a.User)
	cmd.Flag("host", host).Required().StringVar(&a.Host)
	cmd.Flag("max-user-connections", why).Default(fmt.Sprint(connections)).IntVar(&a.Connections)
	return &a
}

// printAccount prints what makes an account, for whoever runs it: what it is for, how, why it needs
// each privilege, the statements.
func (s *session) printAccount(a sqlconn.Account, grants []sqlconn.Grant, about, where string) error {
	statements, err := a.SQL(grants)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "-- %s\n-- Write the password for %s. %s\n", about, sqlconn.Placeholder, where)
	var said []string
	for _, g := range grants {
		reason := fmt.Sprintf("-- %s: %s.", g.Privilege, g.For)
		if g.For != "" && !slices.Contains(said, reason) { // one privilege on several schemas has one reason
			said = append(said, reason)
			fmt.Fprintln(s.out, reason)
		}
	}
	for _, statement := range statements {
		fmt.Fprintln(s.out, statement+";")
	}
	return nil
}

func addGaleraExporterGrants(cmd *kingpin.CmdClause, s *session) {
	account := accountFlags(cmd, "kagu_monitor", "Where it may log in from, as the server writes it: 10.0.0.%.", 3,
		"How many connections it may have. One exporter has up to three to a node: for scrapes, for slow collectors, for proxies.")
	on := map[string]*bool{}
	for _, of := range galera.Sources() {
		on[of.Name] = cmd.Flag("collector."+of.Name, "As galera_exporter has it.").Default(fmt.Sprint(of.On)).Bool()
	}
	cmd.Action(func(*kingpin.ParseContext) error {
		var sources []galera.Source
		var names []string
		for _, of := range galera.Sources() {
			if *on[of.Name] {
				sources, names = append(sources, of), append(names, of.Name)
			}
		}
		return s.printAccount(*account, galera.Grants(sources), fmt.Sprintf("galera_exporter with the collectors %s.", strings.Join(names, ", ")), onGalera)
	})
}

func addNDBExporterGrants(cmd *kingpin.CmdClause, s *session) {
	account := accountFlags(cmd, "kagu_monitor", "Where it may log in from, as the server writes it: 10.0.0.%.", ndb.Connections,
		"How many connections it may have to one SQL node. One exporter has up to that many: most are for ndbinfo, whose tables are read side by side.")
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
		about := fmt.Sprintf("ndb_exporter with the collectors %s; those of the management servers need no account.", strings.Join(names, ", "))
		return s.printAccount(*account, ndb.Grants(sources), about, onNDB)
	})
}
