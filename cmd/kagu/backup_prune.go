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
		for _, d := range p.Decisions {
			if d.Method == backupd.Binlog && d.Keep {
				kept++ // thousands of them
				continue
			}
			verdict, when := cell{"remove", red}, "–"
			if d.Keep {
				verdict = cell{"keep", green}
			}
			if !d.Begun.IsZero() {
				when = since(now, d.Begun)
			}
			rows = append(rows, []cell{verdict, {when, plain}, {string(d.Method), plain}, {size(d.Stored), plain}, {d.Why, plain}, {d.ID, faint}})
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
