package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd"
)

func addBackupShow(backup *kingpin.CmdClause, s *session) {
	cmd := backup.Command("show", "Tell all that is known of one backup.")
	a := backupFlags(cmd, s)
	cluster := cmd.Arg("CLUSTER", "The cluster.").Required().String()
	id := cmd.Arg("ID", "The backup, as kagu backup list shows it.").Required().String()
	store := cmd.Flag("store", "Read this store of kagu.yaml itself and do not ask backupd.").String()
	asJSON := cmd.Flag("json", "Print JSON for programs.").Bool()
	cmd.Action(func(*kingpin.ParseContext) error {
		b, note, err := a.show(*cluster, *id, *store)
		if err != nil {
			return err
		}
		if note != "" {
			fmt.Fprintln(s.errOut, yellow("note: "+note))
		}
		if *asJSON {
			return printJSON(s.out, b)
		}
		printBackup(s.out, b, time.Now())
		return nil
	})
}

func printBackup(w io.Writer, b backupd.Shown, now time.Time) {
	m := b.Manifest
	back, colour := bringsBack(now, b, nil)
	fmt.Fprintf(w, "%s  %s  %s  %s\n", bold(m.ID), plain(m.Cluster), plain(string(m.Method)), colour("brings back "+back))
	sealed := "not encrypted"
	if n := len(m.Sealing.Recipients); n > 0 {
		sealed = fmt.Sprintf("encrypted (keys that open it: %d)", n)
	}
	rows := [][]cell{
		{{"taken", faint}, {fmt.Sprintf("%s, in %s, from %s (%s)", m.Begun.In(now.Location()).Format(time.RFC3339), howLong(m.Ended.Sub(m.Begun)), strings.Join(m.Origin.Nodes, ", "), m.Origin.Server), plain}},
		{{"holds", faint}, {fmt.Sprintf("%s in %s, %s", size(m.Plain()), size(m.Stored()), sealed), plain}},
		{{"tables", faint}, {tablesOf(m.Content), plain}},
		{{"stores", faint}, {strings.Join(b.Stores, ", "), plain}},
	}
	if p := positionWords(m.Position); p != "" {
		rows = append(rows, []cell{{"state", faint}, {p, plain}})
	}
	if len(b.Chain) > 1 {
		rows = append(rows, []cell{{"needs", faint}, {strings.Join(b.Chain[:len(b.Chain)-1], ", "), plain}})
	}
	for _, why := range []string{b.Bad, b.Broken} {
		if why != "" {
			rows = append(rows, []cell{{"bad", faint}, {why, red}})
		}
	}
	for _, n := range m.Notes {
		rows = append(rows, []cell{{"note", faint}, {n, yellow}})
	}
	printTable(w, "  ", rows)
	for _, r := range b.Records {
		printRecord(w, r, now)
	}
}

// tablesOf says which schemas a backup holds: those are what --schema can bring back.
func tablesOf(tables []backupd.Table) string {
	count := map[string]int{}
	for _, t := range tables {
		count[t.Schema]++
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(count)) {
		all = append(all, fmt.Sprintf("%d in %s", count[name], name))
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

func positionWords(p backupd.Position) string {
	var all []string
	for _, one := range []struct {
		name, value string
	}{{"GTID", p.GTID}, {"state", p.UUID}} {
		if one.value != "" {
			all = append(all, one.name+" "+one.value)
		}
	}
	if p.UUID != "" {
		all[len(all)-1] += fmt.Sprintf(":%d", p.Seqno)
	}
	if p.File != "" {
		all = append(all, fmt.Sprintf("%s at %d", p.File, p.Offset))
	}
	if p.Stop != 0 {
		all = append(all, fmt.Sprintf("global checkpoint %d", p.Stop))
	}
	return strings.Join(all, ", ")
}

var looks = map[backupd.Look]string{backupd.Sealed: "digests compared", backupd.Opened: "read back whole", backupd.Proven: "restored"}

func printRecord(w io.Writer, r backupd.Record, now time.Time) {
	verdict := green("good")
	if !r.Good {
		verdict = red("BAD")
	}
	fmt.Fprintf(w, "\n  %s  %s  %s, by %s: %s\n", r.Ended.In(now.Location()).Format(time.RFC3339), verdict, plain(looks[r.Look]), plain(r.By), plain(r.Said))
	if r.Evidence == nil {
		return
	}
	for _, c := range r.Evidence.Checks {
		mark := green("✓")
		if !c.Good {
			mark = red("✗")
		}
		fmt.Fprintf(w, "    %s %s: %s\n", mark, plain(c.Name), plain(c.Said))
	}
}
