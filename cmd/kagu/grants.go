package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/exporters/galera"
)

func addGrants(app *kingpin.Application, s *session) {
	cmd := app.Command("grants", "Print the SQL for the account of one of Kagu's programs: what it needs and no more.")
	addExporterGrants(cmd.Command("galera-exporter", "The account that galera_exporter logs in with."), s)
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
