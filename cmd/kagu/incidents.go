package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/internal/journal"
	"github.com/kagu-db/kagu/remediator"
)

func addIncidents(app *kingpin.Application, s *session) {
	cmd := app.Command("incidents", "Show what was wrong, what the remediator did, or why it did not.")
	a := apiFlags(cmd, s)
	id := cmd.Arg("ID", "Tell the whole story of one incident.").String()
	cluster := cmd.Flag("cluster", "Of this cluster only.").String()
	open := cmd.Flag("open", "Open ones only.").Bool()
	limit := cmd.Flag("limit", "At most so many, the newest first.").Default("20").Int()
	asJSON := cmd.Flag("json", "Print JSON for programs.").Bool()
	cmd.Action(func(*kingpin.ParseContext) error {
		client, err := a.client()
		if err != nil {
			return err
		}
		if *id != "" {
			inc, err := client.Incident(s.ctx, *id)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(s.out, inc)
			}
			printStory(s.out, inc)
			return nil
		}
		list, err := client.Incidents(s.ctx, journal.Filter{Cluster: *cluster, OpenOnly: *open, Limit: *limit})
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(s.out, list)
		}
		printIncidents(s.out, list, time.Now())
		return nil
	})
}

func addApprove(app *kingpin.Application, s *session) {
	cmd := app.Command("approve", "Consent once to the plan that an incident proposes. It stands in for the mode propose, an old alert, the cool-down and earlier failures; every other guard is asked again.").
		HelpLong("For example:\n  kagu incidents           what is proposed, with its ID\n  kagu incidents 7k2m      the plan, and why\n  kagu approve 7k2m")
	a := apiFlags(cmd, s)
	id := cmd.Arg("ID", "The incident, as kagu incidents shows it.").Required().String()
	cmd.Action(func(*kingpin.ParseContext) error {
		client, err := a.client()
		if err != nil {
			return err
		}
		inc, err := client.Approve(s.ctx, *id, person())
		if err != nil {
			return err
		}
		var plan remediator.Plan
		if err := json.Unmarshal(inc.Plan, &plan); err != nil {
			return fmt.Errorf("read the plan: %w", err)
		}
		fmt.Fprintf(s.out, "approved: %s. `kagu incidents %s` tells how it goes.\n", plain(plan.String()), plain(inc.ID))
		return nil
	})
}

func addRelease(app *kingpin.Application, s *session) {
	cmd := app.Command("release", "End the hold of a cluster: you have looked at what the interrupted act did.")
	a := apiFlags(cmd, s)
	id := cmd.Arg("ID", "The held incident.").Required().String()
	cmd.Action(func(*kingpin.ParseContext) error {
		client, err := a.client()
		if err != nil {
			return err
		}
		inc, err := client.Release(s.ctx, *id, person())
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "released: the remediator decides afresh about %s.\n", plain(inc.Cluster))
		return nil
	})
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func printIncidents(w io.Writer, list []journal.Incident, now time.Time) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no incidents")
		return
	}
	rows := [][]cell{{{"ID", bold}, {"WHERE", bold}, {"PROBLEM", bold}, {"STATE", bold}, {"OPENED", bold}, {"WHAT STANDS NOW", bold}}}
	for _, inc := range list {
		rows = append(rows, []cell{
			{inc.ID, plain},
			{where(inc), plain},
			{inc.Problem, plain},
			{string(inc.State), stateColour(inc.State)},
			{ago(now, inc.Opened), plain},
			{inc.Summary, plain},
		})
	}
	printTable(w, "", rows)
}

func printStory(w io.Writer, inc journal.Incident) {
	fmt.Fprintf(w, "%s  %s  %s  %s\n%s\n\n", plain(inc.ID), plain(where(inc)), plain(inc.Problem), stateColour(inc.State)(string(inc.State)), plain(inc.Summary))
	for _, e := range inc.Events {
		fmt.Fprintf(w, "  %s  %+7.1f s  %-10s %s\n", e.At.Local().Format("15:04:05.000"), e.At.Sub(inc.Opened).Seconds(), plain(e.Kind), plain(e.Text))
	}
	switch inc.State {
	case journal.StateProposed:
		fmt.Fprintf(w, "\nnext: kagu approve %s\n", plain(inc.ID))
	case journal.StateHeld:
		fmt.Fprintf(w, "\nnext: look at the node, then kagu release %s\n", plain(inc.ID))
	}
}

func where(inc journal.Incident) string {
	return strings.TrimSuffix(inc.Cluster+"/"+inc.Node, "/")
}

func ago(now, then time.Time) string {
	return now.Sub(then).Round(time.Second).String() + " ago"
}

func stateColour(s journal.State) paint {
	switch s {
	case journal.StateHealed, journal.StateGone:
		return green
	case journal.StateFailed, journal.StateHeld:
		return red
	default:
		return yellow
	}
}

// whyNot shortens the news that no remediator answers to one line for a status page.
func whyNot(err error) string {
	if errors.Is(err, remediator.ErrNoRemediator) {
		return err.Error()
	}
	return "the remediator did not tell: " + err.Error()
}
