package main

import (
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/exporters/galera"
)

// statusFile is where a server is told to write its status, if it is told as the manual does.
const statusFile = "wsrep_status.json"

// sources are the flags that say what is read of a node.
type sources struct {
	on         map[string]*bool
	statusFile string
	bigTable   func() int64
}

// flags adds a switch for each collector.
func (s *sources) flags(app *kingpin.Application) {
	s.on = map[string]*bool{}
	for _, of := range galera.Sources() {
		help := fmt.Sprintf("%s Cost: %s.", of.Help, of.Cost)
		s.on[of.Name] = app.Flag("collector."+of.Name, help).Default(fmt.Sprint(of.On)).Bool()
	}
	app.Flag("collector.host.status-file", "The server's wsrep_status_file, in the data directory unless it is a whole path; it need not be there.").
		Default(statusFile).StringVar(&s.statusFile)
	big := app.Flag("collector.schema.big-table", "The size from which on a cascade into a table is a hazard.").Default("1GiB").Bytes()
	s.bigTable = func() int64 { return int64(*big) }
}

// options returns what the flags say. A collector that only runs on demand and that nobody
// switched stays to be asked for.
func (s *sources) options(node string) galera.Options {
	switches := galera.Switches{}
	for _, of := range galera.Sources() {
		if on := *s.on[of.Name]; on != of.On {
			switches[of.Name] = on
		}
	}
	return galera.Options{Switches: switches, Node: node, StatusFile: s.statusFile, BigTable: s.bigTable()}
}
