package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd"
)

func addBackupList(backup *kingpin.CmdClause, s *session) {
	cmd := backup.Command("list", "Show what there is to restore from, the newest first, and what each is good for. It works without backupd: then the stores are read.")
	a := backupFlags(cmd, s)
	cluster := cmd.Arg("CLUSTER", "Of this cluster only.").String()
	store := cmd.Flag("store", "Read this store of kagu.yaml itself and do not ask backupd.").String()
	asJSON := cmd.Flag("json", "Print JSON for programs.").Bool()
	cmd.Action(func(*kingpin.ParseContext) error {
		all, note, err := a.list(*cluster, *store)
		if err != nil {
			return err
		}
		if note != "" {
			fmt.Fprintln(s.errOut, yellow("note: "+note))
		}
		if *asJSON {
			return printJSON(s.out, all)
		}
		if len(all) == 0 {
			return noBackups(*cluster)
		}
		for i, l := range all {
			if i > 0 {
				fmt.Fprintln(s.out)
			}
			printListing(s.out, l, time.Now())
		}
		return nil
	})
}

func printListing(w io.Writer, l backupd.Listing, now time.Time) {
	fmt.Fprintf(w, "%s  %s\n", bold(l.Cluster), plain(string(l.Kind)))
	if len(l.Backups) > 0 {
		rows := [][]cell{{{"WHEN", faint}, {"WHAT", faint}, {"FROM", faint}, {"SIZE", faint}, {"CHECKED", faint}, {"PROVEN", faint}, {"GOOD FOR", faint}, {"ID", faint}}}
		for _, b := range slices.Backward(l.Backups) {
			rows = append(rows, backupRow(now, b, l))
		}
		printTable(w, "  ", rows)
	}
	if l.Logs != nil {
		fmt.Fprintf(w, "  %s\n", logsLine(now, *l.Logs))
	}
	for _, d := range l.Damaged {
		fmt.Fprintf(w, "  %s %s\n", red("damaged:"), plain(d))
	}
	for _, r := range l.Running {
		fmt.Fprintf(w, "  %s %s\n", bold("now:"), plain(runningLine(now, r)))
	}
	if r := l.Failed; r != nil {
		fmt.Fprintf(w, "  %s %s\n", red("the last attempt FAILED"), plain(fmt.Sprintf("%s, at %q: %s", since(now, r.Ended), r.Stage, r.Error)))
	}
	text, colour := inWords(now, l)
	fmt.Fprintf(w, "  %s\n", colour(text))
}

func backupRow(now time.Time, b backupd.Shown, l backupd.Listing) []cell {
	m := b.Manifest
	checked, checkedColour := checkedWords(now, b)
	proven, provenColour := provenWords(now, b, l.Backups)
	use, useColour := goodFor(now, b, l.Reach)
	from := "–"
	if len(m.Origin.Nodes) > 0 {
		from = m.Origin.Nodes[0]
		if n := len(m.Origin.Nodes); n > 1 {
			from = fmt.Sprintf("%d nodes", n)
		}
	}
	return []cell{
		{since(now, m.Begun), plain},
		{whatItIs(now, m, l.Backups), plain},
		{from, plain},
		{size(m.Stored()), plain},
		{checked, checkedColour},
		{proven, provenColour},
		{use, useColour},
		{m.ID, faint},
	}
}

// logsLine sums up what may be thousands of pieces.
func logsLine(now time.Time, l backupd.Logs) string {
	newest := l.Stretches[len(l.Stretches)-1]
	text := fmt.Sprintf("%s every change from %s to %s, of %s, %s", bold("logs:"), clock(now, newest.From), clock(now, newest.To), plain(newest.Node), size(l.Stored))
	if gaps := len(l.Stretches) - 1; gaps > 0 {
		before := l.Stretches[gaps-1]
		return text + yellow(fmt.Sprintf("; before that a gap from %s on (gaps in all: %d)", clock(now, before.To), gaps))
	}
	return text + ", no gap"
}

func runningLine(now time.Time, r backupd.Run) string {
	text := map[backupd.What]string{backupd.Taking: "a backup is taken", backupd.Proving: "a restore is tried", backupd.Pruning: "old backups are removed"}[r.What]
	if text == "" {
		text = string(r.What)
	}
	text += fmt.Sprintf(", for %s, at %q", howLong(max(0, now.Sub(r.Begun))), r.Stage)
	switch p := r.Progress; {
	case r.Plain > 0:
		text += ", " + size(r.Plain) + " so far"
	case p != nil && p.Of > 0:
		text += fmt.Sprintf(", %d %% of %s", p.Done*100/p.Of, amount(p.Of, p.Unit))
	}
	return text + fmt.Sprintf(" (asked for by %s)", r.By)
}
