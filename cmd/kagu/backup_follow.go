package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/term"

	"github.com/kagu-db/kagu/backupd"
)

// A follower watches a run until it ends.
type follower struct {
	session      *session
	noWait, json bool
	every        time.Duration // how often it looks
}

func followFlags(cmd *kingpin.CmdClause, a *backupAPI) *follower {
	f := &follower{session: a.session, every: 500 * time.Millisecond}
	cmd.Flag("no-wait", "Begin it and do not watch.").BoolVar(&f.noWait)
	cmd.Flag("json", "Print the run as JSON when it has ended, or with --no-wait when it has begun.").BoolVar(&f.json)
	return f
}

// silentFor is how many looks in a row backupd may leave unanswered: it may be restarted meanwhile.
const silentFor = 60

// follow watches a run. total is how many bytes it will read; 0: nobody knows.
func (f *follower) follow(client backupd.Client, run backupd.Run, total int64) error {
	s := f.session
	if f.noWait {
		if f.json {
			return printJSON(s.out, run)
		}
		fmt.Fprintf(s.out, "run %d has begun: kagu backup runs %s shows how it goes.\n", run.ID, plain(run.Cluster))
		return nil
	}
	p := progress(s.errOut, total)
	silent := 0
	for run.Ended.IsZero() {
		p.show(run, time.Now())
		select {
		case <-s.ctx.Done():
			p.end()
			return fmt.Errorf("no longer watched; run %d goes on. kagu backup cancel %s ends it", run.ID, run.Cluster)
		case <-time.After(f.every):
		}
		next, err := client.Run(s.ctx, run.ID)
		switch {
		case err == nil:
			run, silent = next, 0
		case errors.Is(err, backupd.ErrNoBackupd) && silent < silentFor:
			silent++
		default:
			p.end()
			return err
		}
	}
	p.end()
	if f.json {
		if err := printJSON(s.out, run); err != nil {
			return err
		}
	}
	if run.Error != "" {
		return fmt.Errorf("run %d failed at %q: %s", run.ID, run.Stage, run.Error)
	}
	if !f.json {
		fmt.Fprintf(s.out, "%s in %s: %s\n", green("done"), howLong(run.Ended.Sub(run.Begun)), plain(outcome(run)))
	}
	return nil
}

func outcome(r backupd.Run) string {
	switch r.What {
	case backupd.Taking:
		return fmt.Sprintf("backup %s, %s in %s. It was read back and is whole; kagu backup verify %s tries a restore of it.", r.Backup, size(r.Plain), size(r.Stored), r.Cluster)
	case backupd.Proving:
		return fmt.Sprintf("backup %s was restored and is good. kagu backup show %s %s tells what was looked at.", r.Backup, r.Cluster, r.Backup)
	}
	return "what retention gives up is removed."
}

// A progressView shows how far a run is.
type progressView interface {
	show(r backupd.Run, now time.Time)
	end()
}

// progress is a bar on a terminal, and lines elsewhere.
func progress(w io.Writer, total int64) progressView {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &bar{w: w, total: total}
	}
	return &lines{w: w}
}

// lines are for logs: one for each stage, and one a minute.
type lines struct {
	w     io.Writer
	stage string
	last  time.Time
}

func (l *lines) show(r backupd.Run, now time.Time) {
	if r.Stage == l.stage && now.Sub(l.last) < time.Minute {
		return
	}
	l.stage, l.last = r.Stage, now
	fmt.Fprintf(l.w, "%s  %s\n", now.Local().Format("15:04:05"), plain(runningLine(now, r)))
}

func (l *lines) end() {}

// bar redraws one line of a terminal.
type bar struct {
	w     io.Writer
	total int64
	drawn bool
}

const barWidth = 30

func (b *bar) show(r backupd.Run, now time.Time) {
	took := max(0, now.Sub(r.Begun))
	text := fmt.Sprintf("%-10s %s", shorten(r.Stage), howLong(took))
	switch {
	case r.Plain > 0 || r.What == backupd.Taking:
		text += "  " + size(r.Plain)
		if seconds := took.Seconds(); seconds >= 1 && r.Plain > 0 {
			text += fmt.Sprintf("  %s/s", size(int64(float64(r.Plain)/seconds)))
		}
		if b.total > 0 && r.Plain > 0 {
			text = drawn(float64(r.Plain)/float64(b.total), "of the last one's size") + "  " + text
		}
	case r.Progress != nil:
		text = drawn(float64(r.Progress.Done)/float64(r.Progress.Of), "of "+amount(r.Progress.Of, r.Progress.Unit)) + "  " + text
	}
	fmt.Fprintf(b.w, "\r\x1b[K%s", plain(text))
	b.drawn = true
}

func drawn(share float64, of string) string {
	share = max(0, min(1, share))
	n := int(share * barWidth)
	return fmt.Sprintf("[%s%s] %3.0f %% %s", strings.Repeat("█", n), strings.Repeat("·", barWidth-n), share*100, of)
}

// amount says how much there is of something.
func amount(n int64, unit string) string {
	if unit == "bytes" {
		return size(n)
	}
	return fmt.Sprintf("%d %s", n, unit)
}

func (b *bar) end() {
	if b.drawn {
		fmt.Fprint(b.w, "\r\x1b[K")
	}
}
