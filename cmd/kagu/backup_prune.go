package main

import (
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd"
)

func addBackupPrune(backup *kingpin.CmdClause, s *session) {
	cmd := backup.Command("prune", "Show what the retention of kagu.yaml keeps and gives up, with the reason for each. Nothing is removed without --remove.")
	a := backupFlags(cmd, s)
	cluster := cmd.Arg("CLUSTER", "The cluster.").Required().String()
	remove := cmd.Flag("remove", "Remove what is given up. It is decided afresh; the newest proven chain always stays.").Bool()
	f := followFlags(cmd, a)
	cmd.Action(func(*kingpin.ParseContext) error {
		client, err := a.client()
		if err != nil {
			return err
		}
		done, err := client.Prune(s.ctx, *cluster, backupd.PruneRequest{Remove: *remove, By: person()})
		switch {
		case err != nil:
			return err
		case done.Run == nil && f.json:
			return printJSON(s.out, done)
		case !f.json:
			printPrune(s.out, done.Plans, time.Now())
		}
		if done.Run != nil {
			return f.follow(client, *done.Run, 0)
		}
		fmt.Fprintln(s.out, "Nothing was removed: --remove does that.")
		return nil
	})
}

func printPrune(w io.Writer, plans []backupd.PrunePlan, now time.Time) {
	for _, p := range plans {
		fmt.Fprintf(w, "%s in the store %s: %s would be freed\n", bold(p.Cluster), bold(p.Store), size(p.Free))
		rows := [][]cell{{{"", faint}, {"WHEN", faint}, {"METHOD", faint}, {"SIZE", faint}, {"WHY", faint}, {"ID", faint}}}
		kept := 0
		for rest := p.Decisions; len(rest) > 0; {
			d, n := rest[0], alike(rest)
			stored, id := int64(0), d.ID
			for _, one := range rest[:n] {
				stored += one.Stored
			}
			rest = rest[n:]
			if d.Method == backupd.Binlog && d.Keep {
				kept += n // thousands of them
				continue
			}
			verdict, when := cell{"remove", red}, "–"
			if d.Keep {
				verdict = cell{"keep", green}
			}
			if !d.Begun.IsZero() {
				when = since(now, d.Begun)
			}
			if n > 1 {
				id = fmt.Sprintf("%s and %d more", d.ID, n-1)
			}
			rows = append(rows, []cell{verdict, {when, plain}, {string(d.Method), plain}, {size(stored), plain}, {d.Why, plain}, {id, faint}})
		}
		for _, o := range p.Orphans {
			verdict := cell{"keep", green}
			if o.Remove {
				verdict = cell{"remove", red}
			}
			rows = append(rows, []cell{verdict, {since(now, o.Newest), plain}, {"left behind", plain}, {size(o.Size), plain}, {o.Why, plain}, {o.ID, faint}})
		}
		if len(rows) > 1 {
			printTable(w, "  ", rows)
		}
		if kept > 0 {
			fmt.Fprintf(w, "  pieces of binary log that are kept: %d\n", kept)
		}
	}
}

// alike counts the pieces of a binary log at the begin of the decisions of which the same is said: an
// hour has hundreds of them. Of anything else there is one.
func alike(all []backupd.Decision) int {
	n := 1
	for n < len(all) && all[0].Method == backupd.Binlog && all[n].Method == backupd.Binlog && all[n].Keep == all[0].Keep && all[n].Why == all[0].Why {
		n++
	}
	return n
}
