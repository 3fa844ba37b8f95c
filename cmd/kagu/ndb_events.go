package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

func addNDBEvents(parent *kingpin.CmdClause, s *session) {
	cmd := parent.Command("events", "Follow the event log of a cluster in plain words, until interrupted. A gap is marked where events may be missing.")
	name := cmd.Arg("CLUSTER", "The cluster's name in kagu.yaml.").Required().String()
	asJSON := cmd.Flag("json", "Print a JSON object a line, for programs.").Bool()
	filter := cmd.Flag("filter", "Hear these categories only, such as NODERESTART,ERROR or CHECKPOINT=9. Levels above 8 cost the data nodes work. Categories: "+
		strings.Join(categories(), ", ")+".").PlaceHolder("CATEGORY[=LEVEL],…").String()
	cmd.Action(func(*kingpin.ParseContext) error {
		c, err := ndbCluster(s, *name)
		if err != nil {
			return err
		}
		hear, err := readFilter(*filter)
		if err != nil {
			return err
		}
		client := ndbClient(c)
		defer client.Close()
		tell := tellWords(s.out, ndbNames(c))
		if *asJSON {
			tell = tellJSON(s.out, ndbNames(c))
		}
		return follow(s.ctx, client, hear, tell, s.errOut)
	})
}

// streamLook is how often follow looks whether the stream still stands.
const streamLook = 500 * time.Millisecond

// follow tells each event until the context ends, and on the side whom it listens to.
func follow(ctx context.Context, client *mgm.Client, filter mgm.Filter, tell func(mgm.Event) error, aside io.Writer) error {
	l := client.Listen(ctx, filter)
	defer l.Close()
	tick := time.NewTicker(streamLook)
	defer tick.Stop()
	var before string
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev, open := <-l.Events():
			if !open {
				return nil
			}
			if err := tell(ev); err != nil {
				return err
			}
		case <-tick.C:
			if now := streamWords(l.Stream()); now != before && now != "" {
				fmt.Fprintln(aside, printable(now))
				before = now
			}
		}
	}
}

// streamWords says whom we listen to, or why to nobody.
func streamWords(s mgm.Stream) string {
	switch {
	case s.Up:
		return fmt.Sprintf("listening to the management server at %s", s.Server)
	case s.Err != nil:
		return fmt.Sprintf("nobody to listen to, trying on: %v", s.Err)
	}
	return ""
}

// tellWords prints an event as a line of words.
func tellWords(w io.Writer, names ndb.Naming) func(mgm.Event) error {
	return func(ev mgm.Event) error {
		line := ndb.Words(ev, names)
		saved := ""
		if ev.Saved {
			saved = "(saved) "
		}
		at := ev.Time
		if at.IsZero() {
			at = time.Now()
		}
		_, err := fmt.Fprintf(w, "%s  %s\n", faint(at.Local().Format("15:04:05.000")), paintOf(line.Colour)(saved+line.Text))
		return err
	}
}

// An eventLine is an event as --json prints it.
type eventLine struct {
	Time     time.Time         `json:"time"`
	Type     int               `json:"type"`
	Name     string            `json:"name,omitempty"`
	Category string            `json:"category,omitempty"`
	Severity string            `json:"severity,omitempty"`
	Source   int               `json:"source,omitempty"`
	Fields   map[string]uint32 `json:"fields,omitempty"`
	Words    []uint32          `json:"words,omitempty"`
	Text     string            `json:"text,omitempty"`
	Saved    bool              `json:"saved,omitempty"`
	Gap      bool              `json:"gap,omitempty"`
	Says     string            `json:"says"` // in plain words
	Colour   ndb.Colour        `json:"colour"`
}

func tellJSON(w io.Writer, names ndb.Naming) func(mgm.Event) error {
	enc := json.NewEncoder(w)
	return func(ev mgm.Event) error {
		line := ndb.Words(ev, names)
		out := eventLine{
			Time: ev.Time, Type: int(ev.Type), Name: ev.Name, Severity: string(ev.Severity), Source: ev.Source, Words: ev.Words,
			Text: ev.Text, Saved: ev.Saved, Gap: ev.Gap != nil, Says: line.Text, Colour: line.Colour,
		}
		if ev.Category != 0 {
			out.Category = ev.Category.String()
		}
		for _, f := range ev.Fields {
			if out.Fields == nil {
				out.Fields = map[string]uint32{}
			}
			out.Fields[f.Name] = f.Value
		}
		return enc.Encode(out)
	}
}

// categories are the names that --filter takes.
func categories() []string {
	var all []string
	for c := mgm.CategoryStartup; c <= mgm.CategorySchema; c++ {
		all = append(all, c.String())
	}
	return all
}

// readFilter reads "NODERESTART,CHECKPOINT=9". A category without a level has the one it has
// without a filter, or 8.
func readFilter(text string) (mgm.Filter, error) {
	usual := mgm.DefaultFilter()
	if text == "" {
		return usual, nil
	}
	filter := mgm.Filter{}
	for word := range strings.SplitSeq(text, ",") {
		name, level, given := strings.Cut(strings.TrimSpace(word), "=")
		i := slices.Index(categories(), strings.ToUpper(name))
		if i < 0 {
			return nil, fmt.Errorf("there is no category %q; there are %s", name, strings.Join(categories(), ", "))
		}
		category := mgm.CategoryStartup + mgm.Category(i)
		filter[category] = max(usual[category], 8)
		if given {
			n, err := strconv.Atoi(level)
			if err != nil || n < 0 || n > 15 {
				return nil, fmt.Errorf("level %q of %s: it is 0 to 15", level, name)
			}
			filter[category] = n
		}
	}
	return filter, nil
}
