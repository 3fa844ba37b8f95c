package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
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
		if len(all) == 0 && *cluster == "" {
			return errors.New("in backupd's kagu.yaml no cluster has a section backup; docs/kagu.yaml.md shows one")
		}
		if len(all) == 0 {
			fleet, err := inventory.LoadWithoutSecrets(s.config)
			if err != nil {
				return err
			}
			return fleet.NoBackups(*cluster)
		}
		for i, l := range all {
			if i > 0 {
				fmt.Fprintln(s.out)
			}
			printListing(s.out, l, time.Now(), terminalWidth(s.out))
		}
		return nil
	})
}

// printListing prints what there is to restore a cluster from, in the cluster's own time zone: that is
// the one in which kagu backup restore --time is read. width is the terminal's; 0: it is none.
func printListing(w io.Writer, l backupd.Listing, now time.Time, width int) {
	now = now.In(zoneOf(l.Zone))
	fmt.Fprintf(w, "%s  %s  %s\n", bold(l.Cluster), plain(string(l.Kind)), faint("times: "+zoneName(now)))
	printBackups(w, l, now, width)
	if l.Logs != nil {
		fmt.Fprintf(w, "  %s\n", logsLine(now, *l.Logs))
	}
	for _, d := range l.Damaged {
		fmt.Fprintf(w, "  %s %s\n", red("damaged, never restored from:"), plain(d))
	}
	for _, r := range l.Running {
		fmt.Fprintf(w, "  %s %s\n", bold("now:"), plain(runningLine(now, r)))
	}
	if r := l.Failed; r != nil {
		fmt.Fprintf(w, "  %s %s\n", red("the last attempt FAILED"), plain(fmt.Sprintf("%s, at %q: %s", since(now, r.Ended), r.Stage, r.Error)))
	}
	text, colour := inWords(now, l)
	fmt.Fprintf(w, "  %s\n", colour(text))
	if slices.ContainsFunc(l.Backups, backupd.Shown.Good) {
		fmt.Fprintf(w, "  What a restore would do, without doing it: %s\n", plain(nextStep(now, l)))
	}
}

// nextStep is the harmless command that leads on, with a moment as --time takes it if any can be had.
func nextStep(now time.Time, l backupd.Listing) string {
	text := "kagu backup restore " + l.Cluster + " --dir=/srv/look"
	if l.Reach != nil {
		if moment := l.Reach.To.Add(-time.Second).Truncate(time.Minute); moment.After(l.Reach.From) {
			text += fmt.Sprintf(" --time=%q", moment.In(now.Location()).Format("2006-01-02 15:04:05"))
		}
	}
	return text + " --plan"
}

// printBackups prints a table, or where the terminal is too narrow for it some lines for each backup.
func printBackups(w io.Writer, l backupd.Listing, now time.Time, width int) {
	rows := [][]cell{{{"TAKEN", faint}, {"WHAT", faint}, {"SIZE", faint}, {"CHECKED", faint}, {"BRINGS BACK", faint}, {"ID", faint}}}
	for _, b := range slices.Backward(l.Backups) {
		checked, checkedColour := checkedWords(now, b, l.Backups)
		back, backColour := bringsBack(now, b, l.Reach)
		rows = append(rows, []cell{
			{since(now, b.Manifest.Begun), plain},
			{whatItIs(now, b.Manifest, l.Backups), plain},
			{size(b.Manifest.Stored()), plain},
			{checked, checkedColour},
			{back, backColour},
			{b.Manifest.ID, faint},
		})
	}
	const indent = "  "
	switch {
	case len(l.Backups) == 0:
	case width == 0 || len(indent)+tableWidth(rows) <= width:
		printTable(w, indent, rows)
	default:
		for _, row := range rows[1:] {
			fmt.Fprintf(w, "  %s, %s, taken %s\n", bold(row[1].text), plain(row[2].text), plain(row[0].text))
			fmt.Fprintf(w, "    %s\n", row[3].paint(row[3].text))
			fmt.Fprintf(w, "    brings back %s\n", row[4].paint(row[4].text))
			fmt.Fprintf(w, "    %s\n", row[5].paint(row[5].text))
		}
	}
}

// zoneOf returns a time zone by its name; that of this machine if there is none, or if this machine
// does not know it.
func zoneOf(name string) *time.Location {
	if zone, err := time.LoadLocation(name); err == nil && name != "" {
		return zone
	}
	return time.Local
}

// zoneName names a moment's zone for who may sit in another.
func zoneName(t time.Time) string {
	if name := t.Location().String(); name != "Local" {
		return fmt.Sprintf("%s (%s)", name, t.Format("-07:00"))
	}
	return t.Format("-07:00") + ", as this machine has it"
}

// logsLine sums up what may be thousands of pieces.
func logsLine(now time.Time, l backupd.Logs) string {
	newest := l.Stretches[len(l.Stretches)-1]
	from, to := clocks(now, newest.From, newest.To)
	text := fmt.Sprintf("%s every one from %s to %s is kept (binary log of %s, %s)", bold("changes:"), from, to, plain(newest.Node), size(l.Stored))
	if gaps := len(l.Stretches) - 1; gaps > 0 {
		before := l.Stretches[gaps-1]
		return text + yellow(fmt.Sprintf("; before that there is a gap, which begins %s (gaps in all: %d)", clock(now, before.To), gaps))
	}
	return text + ", without a gap"
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
