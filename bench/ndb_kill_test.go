package bench

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/mgm"
)

var ndbKills = flag.Int("ndb-kills", 6, "how many data nodes are killed, one after the other")

// killDataNodes kills the process of one data node after the other and measures how long it takes
// until a scrape shows it: by the counter that the event moves, and by the state. The scrapes
// follow each other at once, so that the interval is not in it. Each node is whole again before
// the next is killed.
func killDataNodes(b *testing.B, l *lab.Lab, base string) {
	b.Helper()
	page := base + "&collect[]=management&collect[]=events"
	var counted, down []time.Duration
	deaths := map[string]int{}
	for i := range *ndbKills {
		node := fmt.Sprintf("d%d", 1+i%ndbDataNodes)
		name := fmt.Sprintf(`node="%s",node_id="%d"`, node, 11+i%ndbDataNodes)
		deaths[node]++
		isCounted, isDown := fmt.Sprintf("\nndb_node_failures_total{%s} %d\n", name, deaths[node]), fmt.Sprintf("\nndb_node_up{%s,role=\"data\"} 0\n", name)
		began := time.Now()
		check(b, l.KillChild(b.Context(), node)) // its angel starts it again
		killed := time.Since(began)              // the process was gone by then
		for len(counted) == i || len(down) == i {
			text, err := scrape(page)
			check(b, err)
			if len(counted) == i && strings.Contains(text, isCounted) {
				counted = append(counted, time.Since(began))
			}
			if len(down) == i && strings.Contains(text, isDown) {
				down = append(down, time.Since(began))
			}
			if time.Since(began) > time.Minute {
				b.Fatalf("%s was killed, and a scrape says:\n%s", node, text)
			}
		}
		fmt.Printf("  %s: killed in %s, counted after %s, down after %s\n", node, short(killed), short(counted[i]), short(down[i]))
		settling, cancel := context.WithTimeout(b.Context(), 3*time.Minute)
		check(b, l.AwaitState(settling, node, mgm.StateStarted))
		cancel()
	}
	row{"killed data node: its failure is counted in a scrape", counted, 0.99, time.Second}.print()
	row{"killed data node: a scrape shows it down", down, 0.99, time.Second}.print()
}
