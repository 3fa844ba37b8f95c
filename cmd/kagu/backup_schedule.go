package main

import (
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd"
)

func addBackupSchedule(backup *kingpin.CmdClause, s *session) {
	cmd := backup.Command("schedule", "Show what begins when, and what is held back.")
	a := backupFlags(cmd, s)
	asJSON := cmd.Flag("json", "Print JSON for programs.").Bool()
	cmd.Action(func(*kingpin.ParseContext) error {
		client, err := a.client()
		if err != nil {
			return err
		}
		all, err := client.Schedule(s.ctx)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(s.out, all)
		}
		printSchedule(s.out, all, time.Now())
		return nil
	})
}

func addBackupRuns(backup *kingpin.CmdClause, s *session) {
	cmd := backup.Command("runs", "Show what was done and what goes on, the newest first.")
	a := backupFlags(cmd, s)
	cluster := cmd.Arg("CLUSTER", "Of this cluster only.").String()
	limit := cmd.Flag("limit", "At most so many.").Default("20").Int()
	asJSON := cmd.Flag("json", "Print JSON for programs.").Bool()
	cmd.Action(func(*kingpin.ParseContext) error {
		client, err := a.client()
		if err != nil {
			return err
		}
		runs, err := client.Runs(s.ctx, *cluster, *limit)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(s.out, runs)
		}
		printRuns(s.out, runs, time.Now())
		return nil
	})
}

func printSchedule(w io.Writer, all []backupd.Planned, now time.Time) {
	if len(all) == 0 {
		fmt.Fprintln(w, "nothing is on a schedule")
		return
	}
	rows := [][]cell{{{"CLUSTER", faint}, {"WHAT", faint}, {"JOB", faint}, {"SCHEDULE", faint}, {"NEXT", faint}, {"", faint}}}
	for _, p := range all {
		next, note := "–", cell{"", plain}
		if !p.Next.IsZero() {
			next = clock(now.In(zoneOf(p.Zone)), p.Next)
		}
		switch {
		case p.Waiting != "":
			note = cell{"due, and waits: " + p.Waiting, yellow}
		case p.Missed != "":
			note = cell{"the last one did not begin: " + p.Missed, red}
		}
		schedule := p.Schedule
		if p.Zone != "Local" {
			schedule += " " + p.Zone
		}
		rows = append(rows, []cell{{p.Cluster, plain}, {string(p.What), plain}, {p.Job, plain}, {schedule, plain}, {next, plain}, note})
	}
	printTable(w, "", rows)
}

func printRuns(w io.Writer, runs []backupd.Run, now time.Time) {
	if len(runs) == 0 {
		fmt.Fprintln(w, "nothing was done yet")
		return
	}
	rows := [][]cell{{{"RUN", faint}, {"WHEN", faint}, {"CLUSTER", faint}, {"WHAT", faint}, {"JOB", faint}, {"BY", faint}, {"TOOK", faint}, {"RESULT", faint}}}
	for _, r := range runs {
		took, result := howLong(max(0, now.Sub(r.Begun))), cell{"running: " + r.Stage, yellow}
		if !r.Ended.IsZero() {
			took, result = howLong(r.Ended.Sub(r.Begun)), cell{"good", green}
			if r.Error != "" {
				result = cell{"FAILED at " + r.Stage + ": " + r.Error, red}
			}
		}
		rows = append(rows, []cell{
			{fmt.Sprint(r.ID), plain},
			{since(now, r.Begun), plain},
			{r.Cluster, plain},
			{string(r.What), plain},
			{r.Job, plain},
			{r.By, plain},
			{took, plain},
			result,
		})
	}
	printTable(w, "", rows)
}
