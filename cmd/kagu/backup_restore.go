package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/term"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/cmd/internal/kinds"
	"github.com/kagu-db/kagu/internal/inventory"
)

const restoreHelp = "Bring a backup back. What would happen is shown first, and nothing happens before you agree."

// restoreExamples stand in restore's own --help.
const restoreExamples = `Begin with these. They touch no database that runs:

  kagu backup list backoffice
                         what there is, and to which moments it leads
  kagu backup restore backoffice --dir=/srv/look --plan
                         what would come back, what would be lost, how long it takes; does nothing
  kagu backup restore backoffice --dir=/srv/look
                         into a server of its own in that folder, to look at
  kagu backup restore backoffice --dir=/srv/look --time="2026-11-28 09:14:00"
                         the same, as it was at that moment: just before a mistake

Then, with --plan first:

  kagu backup restore backoffice --schema=billing.invoices --into=rescue
                         a table into the running cluster, in a schema beside what is there
  kagu backup restore backoffice --node=db2
                         a member whose server is down; the others give it what came later
  kagu backup restore backoffice --cluster
                         a new cluster, when no member is left

Cut short, the same command goes on where it was.`

// A restoring is what was asked for on the command line.
type restoring struct {
	cluster, id, store   string
	dir, node, into      string
	whole                bool
	schemas              []string
	time, gtid, consent  string
	epoch                uint64
	planOnly, json, sure bool
}

func addBackupRestore(backup *kingpin.CmdClause, s *session) {
	var r restoring
	cmd := backup.Command("restore", restoreHelp).HelpLong(restoreExamples)
	cmd.Arg("CLUSTER", "The cluster of kagu.yaml whose backup it is.").Required().StringVar(&r.cluster)
	cmd.Arg("ID", "The backup, as kagu backup list shows it; default: the newest good one before the point.").StringVar(&r.id)
	cmd.Flag("store", "Read from this store; default: the cluster's first.").StringVar(&r.store)
	cmd.Flag("dir", "Restore into a server of its own in this folder; with the other goals the folder for work in between.").StringVar(&r.dir)
	cmd.Flag("node", "Restore onto this member. Its server must be down; what it holds is set aside, never deleted.").StringVar(&r.node)
	cmd.Flag("cluster", "Restore a whole new cluster.").BoolVar(&r.whole)
	cmd.Flag("schema", "Restore this SCHEMA or SCHEMA.TABLE into the running cluster; may be given again.").StringsVar(&r.schemas)
	cmd.Flag("into", "The schema that --schema is restored into; default: the same name, if it is not there.").StringVar(&r.into)
	cmd.Flag("time", "Up to this moment: 2026-11-28T09:14:00+11:00, or 2026-11-28 09:14:00 in the cluster's time zone.").StringVar(&r.time)
	cmd.Flag("gtid", "Up to and with this transaction, as the server writes it.").StringVar(&r.gtid)
	cmd.Flag("epoch", "Up to and with this epoch of an NDB cluster.").Uint64Var(&r.epoch)
	cmd.Flag("plan", "Show the plan and do nothing.").BoolVar(&r.planOnly)
	cmd.Flag("json", "Show the plan as JSON and do nothing.").BoolVar(&r.json)
	cmd.Flag("yes", "Do not ask. What replaces data needs --consent all the same.").BoolVar(&r.sure)
	cmd.Flag("consent", "What the plan asks you to type before data is replaced.").StringVar(&r.consent)
	cmd.Action(func(*kingpin.ParseContext) error { return r.run(s) })
}

func (r *restoring) run(s *session) error {
	fleet, err := inventory.LoadFor(s.config, inventory.Databases, inventory.Hosts, inventory.Backups)
	if err != nil {
		return err
	}
	want, err := r.wanted(fleet)
	if err != nil {
		return err
	}
	if r.store == "" {
		r.store = want.Cluster.Backup.Store.Name
	}
	v, err := vault(fleet, r.store)
	if err != nil {
		return err
	}
	all, damaged, err := entries(s, v, r.cluster)
	if err != nil {
		return err
	}
	for _, d := range damaged {
		fmt.Fprintln(s.errOut, red("damaged: ")+plain(d.Error()))
	}
	want.Tell = func(stage, detail string) { fmt.Fprintf(s.errOut, "  %-10s %s\n", plain(stage), plain(detail)) }
	kind := kinds.Of(func() *inventory.Fleet { return fleet })[want.Cluster.Kind]
	choice, err := backupd.Choose(s.ctx, kind, v, all, r.id, want)
	if err != nil {
		return err
	}
	if r.json {
		return printJSON(s.out, choice.Plan)
	}
	printRestore(s, choice)
	if r.planOnly {
		for _, step := range choice.Plan.Steps {
			fmt.Fprint(s.out, printableLines(step.Data[backupd.Commands]))
		}
		fmt.Fprintln(s.out, "Nothing was done. The same command without --plan asks you, and does it.")
		return nil
	}
	if choice.Restore.Consent, err = r.agreed(s, choice.Plan); err != nil {
		return err
	}
	began := time.Now()
	links := choice.Restore.Links
	warn := func(err error) { fmt.Fprintln(s.errOut, yellow("warning: ")+plain(err.Error())) }
	err = v.HoldDuring(s.ctx, r.cluster, links[len(links)-1].Manifest.ID, "kagu, by "+person(), choice.Restore.Dir, warn, func() error {
		return backupd.CarryOut(s.ctx, kind, choice, choice.Restore.Dir, func(n int, step backupd.Step) {
			fmt.Fprintf(s.errOut, "%s %d of %d  %s %s\n", time.Now().Format("15:04:05"), n+1, len(choice.Plan.Steps), bold(step.Name), plain(step.Node))
		})
	})
	if err != nil {
		return err
	}
	took := time.Since(began).Round(time.Second)
	if steps := choice.Plan.Steps; steps[len(steps)-1].Name == backupd.ByHand {
		fmt.Fprintf(s.out, "%s in %s. What is printed above brings back %s\n", yellow("kagu's part is done"), took, plain(choice.Plan.Until))
		return nil
	}
	fmt.Fprintf(s.out, "%s in %s: %s\n", green("restored"), took, plain(choice.Plan.Until))
	return nil
}

// wanted turns the flags into one goal and one point.
func (r *restoring) wanted(fleet *inventory.Fleet) (backupd.Restore, error) {
	c, found := fleet.Cluster(r.cluster)
	if !found || c.Backup == nil {
		return backupd.Restore{}, fleet.NoBackups(r.cluster)
	}
	w := backupd.Restore{Cluster: c, Node: r.node, Schemas: r.schemas, Into: r.into, Dir: r.dir, Scratch: fleet.Backup.Scratch, Now: time.Now()}
	goals := map[backupd.Goal]bool{backupd.ToNode: r.node != "", backupd.ToCluster: r.whole, backupd.ToSchema: len(r.schemas) > 0}
	for goal, asked := range goals {
		if asked && w.Goal != "" {
			return w, errors.New("give one of --node, --cluster and --schema")
		}
		if asked {
			w.Goal = goal
		}
	}
	if w.Goal == "" {
		w.Goal = backupd.ToScratch
		if r.dir == "" {
			return w, errors.New("say where to: --dir for a server of its own to look at, --node, --cluster or --schema; kagu backup restore --help shows examples")
		}
	}
	if w.Dir == "" {
		w.Dir = filepath.Join(fleet.Backup.Scratch.Dir, "restore-"+c.Name)
	}
	var err error
	w.Dir, err = filepath.Abs(w.Dir)
	if err != nil {
		return w, err
	}
	points := 0
	for _, given := range []bool{r.time != "", r.gtid != "", r.epoch != 0} {
		if given {
			points++
		}
	}
	if points > 1 {
		return w, errors.New("give one of --time, --gtid and --epoch")
	}
	w.Point = backupd.Point{GTID: r.gtid, Epoch: r.epoch}
	if r.time != "" {
		w.Point.Time, err = moment(r.time, c.Backup.Zone, w.Now)
	}
	return w, err
}

// moment reads a time as people write it.
func moment(text string, zone *time.Location, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		at, err := time.ParseInLocation(layout, text, zone)
		if err != nil {
			continue
		}
		if at.After(now) {
			return at, fmt.Errorf("--time=%s is in the future (read in the time zone %s)", text, at.Location())
		}
		return at, nil
	}
	return time.Time{}, fmt.Errorf("--time=%q is no moment: write 2026-11-28T09:14:00+11:00, or 2026-11-28 09:14:00", text)
}

func printRestore(s *session, c backupd.Choice) {
	for _, p := range c.Passed {
		fmt.Fprintln(s.out, yellow("passed over: ")+plain(p))
	}
	p := c.Plan
	fmt.Fprintf(s.out, "%s  %s\n", bold("brings back"), plain(p.Until))
	fmt.Fprintf(s.out, "%s        %s\n", bold("loses"), plain(p.Loses))
	fmt.Fprintf(s.out, "%s         %s\n", bold("from"), plain(strings.Join(p.Backups, ", ")))
	if p.Takes > 0 {
		fmt.Fprintf(s.out, "%s        about %s (%s)\n", bold("takes"), p.Takes.Round(time.Second), plain(p.Basis))
	}
	for n, step := range p.Steps {
		fmt.Fprintf(s.out, "  %d. %s: %s\n", n+1, plain(strings.TrimSpace(step.Name+" "+step.Node)), plain(step.Why))
	}
}

// agreed asks for consent where a human is there to give it.
func (r *restoring) agreed(s *session, p backupd.Plan) (consent string, err error) {
	if p.Consent != "" && r.consent == "" && r.sure {
		return "", fmt.Errorf("this restore replaces data: give --consent=%q", p.Consent)
	}
	if r.consent != "" || r.sure {
		return r.consent, nil
	}
	if f, ok := s.out.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return "", errors.New("nobody is there to agree: give --yes, or --plan to see it only")
	}
	want := "yes"
	if p.Consent != "" {
		want = p.Consent
		fmt.Fprintln(s.out, red("This replaces data."))
	}
	fmt.Fprintf(s.out, "Type %q to go on: ", want)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != want {
		return "", errors.New("not agreed: nothing was done")
	}
	return p.Consent, nil
}
