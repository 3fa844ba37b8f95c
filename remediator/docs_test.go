package remediator

import (
	"os"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/journal"
)

func TestThePageNamesEveryGuardAndState(t *testing.T) {
	text, err := os.ReadFile("../docs/remediator.md")
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, g := range StandardGuards(nil, KillSwitch{}) {
		words = append(words, "| `"+g.Name()+"` |")
	}
	for _, s := range []journal.State{
		journal.StateOpen, journal.StateProposed, journal.StateActing, journal.StateRefused,
		journal.StateFailed, journal.StateHeld, journal.StateHealed, journal.StateGone,
	} {
		words = append(words, "`"+string(s)+"`")
	}
	for _, w := range words {
		if !strings.Contains(string(text), w) {
			t.Errorf("docs/remediator.md does not explain %s", w)
		}
	}
}
