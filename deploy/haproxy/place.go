package haproxy

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

// Galera is galera.cfg: one writer at a time, reads anywhere.
//
//go:embed galera.cfg
var Galera string

// A Place says what stands where the files name examples.
type Place struct {
	Socket                string // HAProxy's, for statistics and commands
	Write, Read, Weighted string // where it listens
	Servers               []Server
}

// A Server is a database, and the port of the exporter on its host; 0 for the one in the file.
type Server struct {
	Name, Address string
	Check         int
}

// The files have a line for each of three servers in every backend, and one that follows it in some.
var server = regexp.MustCompile(`(?m)^( +server (?:good-)?)db([123]) 10\.0\.0\.1[123]:3306(.*)\n`)

// Fill puts the place into the text of a file. Where there are more than three servers, they
// are set up as the third; where there are fewer, lines are left out.
func (p Place) Fill(text string) string {
	text = strings.NewReplacer("/run/haproxy/admin.sock", p.Socket,
		"10.0.0.10:3306", p.Write, "10.0.0.10:3307", p.Read, "10.0.0.10:3308", p.Weighted).Replace(text)
	return server.ReplaceAllStringFunc(text, func(line string) string {
		part := server.FindStringSubmatch(line)
		var lines strings.Builder
		for i, s := range p.Servers {
			if own := fmt.Sprint(min(i+1, 3)); own != part[2] {
				continue
			}
			rest, follows := strings.ReplaceAll(part[3], "/db"+part[2]+" ", "/"+s.Name+" "), strings.Contains(part[3], " track ")
			if s.Check != 0 && !follows {
				rest += fmt.Sprintf(" port %d", s.Check)
			}
			fmt.Fprintf(&lines, "%s%s %s%s\n", part[1], s.Name, s.Address, rest)
		}
		return lines.String()
	})
}
