package demo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/lab/demo"
)

func TestTimelinePrintsInOrderOfHappening(t *testing.T) {
	zero := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	at := func(s float64) time.Time { return zero.Add(time.Duration(s * float64(time.Second))) }
	line := demo.NewTimeline(zero)
	line.Add("b", demo.Event{At: at(2), What: "second", Text: "noticed first"})
	line.Add("a", demo.Event{At: at(1), What: "first", Text: "two\n  lines"})
	line.Add("a", demo.Event{At: at(1.5), What: "first", Text: "told twice"})
	line.Add("c", demo.Event{At: at(9), What: "later", Text: strings.Repeat("x", 200)})
	line.Mark("d")

	var out strings.Builder
	if err := line.Print(&out, at(3)); err != nil {
		t.Fatal(err)
	}
	want := "    1.00 s  first             two lines\n    2.00 s  second            noticed first\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("up to 3 s, want - got +\n%s", diff)
	}
	out.Reset()
	if err := line.Print(&out, at(10)); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "    9.00 s  later ") || !strings.HasSuffix(got, "x…\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("after 3 s: %q", got)
	}
	for key, want := range map[string]bool{"a": true, "d": true, "e": false} {
		if got := line.Saw(key); got != want {
			t.Errorf("Saw(%q) = %v", key, got)
		}
	}
}
