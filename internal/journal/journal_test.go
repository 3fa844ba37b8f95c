package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/kagu-db/kagu/internal/statefile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newJournal(t *testing.T) *Journal {
	t.Helper()
	j, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func hint(fingerprint string, minutes int) Hint {
	return Hint{
		Cluster: "backoffice", Node: "db1", Alert: "GaleraNodeDown", Fingerprint: fingerprint,
		StartsAt: noon, Last: noon.Add(time.Duration(minutes) * time.Minute),
	}
}

func put(t *testing.T, j *Journal, hints ...Hint) {
	t.Helper()
	if err := j.PutHints(t.Context(), hints); err != nil {
		t.Fatal(err)
	}
}

func pending(t *testing.T, j *Journal) []Hint {
	t.Helper()
	hints, err := j.PendingHints(t.Context(), "backoffice")
	if err != nil {
		t.Fatal(err)
	}
	return hints
}

func TestTheSameAlertIsOneHint(t *testing.T) {
	j := newJournal(t)
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() { put(t, j, hint("a", i%7)) })
	}
	all.Wait()
	hints := pending(t, j)
	if len(hints) != 1 || hints[0].Count != 1000 {
		t.Fatalf("1,000 deliveries became %d hints: %+v", len(hints), hints)
	}
}

func TestAResolvedAlertStaysResolved(t *testing.T) {
	j := newJournal(t)
	resolved := hint("a", 2)
	resolved.Resolved = true
	put(t, j, hint("a", 1))
	put(t, j, resolved)
	put(t, j, hint("a", 3)) // a late or replayed firing of the same alert
	if hints := pending(t, j); len(hints) != 1 || !hints[0].Resolved {
		t.Fatalf("got %+v, want one resolved hint", hints)
	}
}

func TestHintsReceivedDuringALookStayPending(t *testing.T) {
	j := newJournal(t)
	put(t, j, hint("a", 1), hint("b", 5))
	if err := j.DoneHints(t.Context(), "backoffice", noon.Add(2*time.Minute), false); err != nil {
		t.Fatal(err)
	}
	hints := pending(t, j)
	if len(hints) != 1 || hints[0].Fingerprint != "b" {
		t.Fatalf("got %+v, want b only", hints)
	}
}

func TestHintsSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	put(t, j, hint("a", 1))
	want := pending(t, j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if diff := cmp.Diff(want, pending(t, j)); diff != "" {
		t.Error(diff)
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if _, err := Open(dir); !errors.Is(err, statefile.ErrInUse) {
		t.Fatalf("got %v, want ErrInUse", err)
	}
}

func TestAFileOfANewerReleaseIsRefused(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.db.Exec(`PRAGMA user_version = 999`); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Fatal("opened a journal of schema 999")
	}
}

func TestAFileThatIsNoJournalIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "journal.db"), []byte("not a database, not even nearly one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Fatal("opened a text file as a journal")
	}
}

func open1(t *testing.T, j *Journal, id string) Incident {
	t.Helper()
	inc, _, err := j.OpenIncident(t.Context(), id, "backoffice", "galera-node-down", "db1", noon)
	if err != nil {
		t.Fatal(err)
	}
	return inc
}

func TestOneOpenIncidentForAProblemOfANode(t *testing.T) {
	j := newJournal(t)
	first := open1(t, j, "one")
	if again := open1(t, j, "two"); again.ID != "one" {
		t.Fatalf("a second incident was opened: %+v", again)
	}
	first.State, first.Updated = StateHealed, noon.Add(time.Minute)
	if err := j.SetIncident(t.Context(), first, "", Event{At: noon, Kind: "healed", Text: "well again"}); err != nil {
		t.Fatal(err)
	}
	if next := open1(t, j, "three"); next.ID != "three" {
		t.Fatalf("the closed incident was opened again: %+v", next)
	}
	got, err := j.Incident(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	if got.Closed.IsZero() || len(got.Events) != 1 {
		t.Fatalf("got %+v, want it closed and with its story", got)
	}
}

func begin(t *testing.T, j *Journal, id, incident string) error {
	t.Helper()
	return j.Begin(t.Context(), Intent{ID: id, Incident: incident, Cluster: "backoffice", Node: "db1", Plan: "{}", Begun: noon},
		"", Event{At: noon, Kind: "journal", Text: "intent"})
}

func TestOneUnfinishedIntentForACluster(t *testing.T) {
	j := newJournal(t)
	open1(t, j, "one")
	if err := begin(t, j, "first", "one"); err != nil {
		t.Fatal(err)
	}
	if err := begin(t, j, "second", "one"); err == nil {
		t.Fatal("a second intent was begun while the first is unfinished")
	}
	if err := j.Finish(t.Context(), "first", "healed", noon); err != nil {
		t.Fatal(err)
	}
	if err := begin(t, j, "second", "one"); err != nil {
		t.Fatal(err)
	}
}

func TestAStepIsBegunOnce(t *testing.T) {
	j := newJournal(t)
	open1(t, j, "one")
	if err := begin(t, j, "first", "one"); err != nil {
		t.Fatal(err)
	}
	in := Intent{ID: "first", Incident: "one"}
	if err := j.BeginStep(t.Context(), in, 0, Event{At: noon, Kind: "verb"}); err != nil {
		t.Fatal(err)
	}
	if err := j.BeginStep(t.Context(), in, 0, Event{At: noon, Kind: "verb"}); !errors.Is(err, ErrBegun) {
		t.Fatalf("got %v, want ErrBegun", err)
	}
	list, err := j.Unfinished(t.Context(), "backoffice")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || len(list[0].Steps) != 1 || !list[0].Steps[0].Ended.IsZero() {
		t.Fatalf("got %+v, want one intent with one begun step", list)
	}
}

func TestAnApprovalIsUsedUpByTheAct(t *testing.T) {
	j := newJournal(t)
	ctx := t.Context()
	open1(t, j, "one")
	if err := j.Approve(ctx, "one", Approval{Plan: "p", By: "ana", At: noon}, Event{At: noon, Kind: "approved"}); err != nil {
		t.Fatal(err)
	}
	if inc := open1(t, j, "x"); inc.Approval == nil || inc.Approval.By != "ana" {
		t.Fatalf("got %+v, want it approved", inc)
	}
	if err := begin(t, j, "first", "one"); err != nil {
		t.Fatal(err)
	}
	if inc := open1(t, j, "x"); inc.Approval != nil {
		t.Fatalf("the approval %+v is still there after the act began", inc.Approval)
	}
}

func TestResolvedHintsAreDoneWhileOthersWait(t *testing.T) {
	j := newJournal(t)
	resolved := hint("b", 1)
	resolved.Resolved = true
	put(t, j, hint("a", 1), resolved)
	if err := j.DoneHints(t.Context(), "backoffice", noon.Add(time.Hour), true); err != nil {
		t.Fatal(err)
	}
	if hints := pending(t, j); len(hints) != 1 || hints[0].Fingerprint != "a" {
		t.Fatalf("got %+v, want a only", hints)
	}
}

func TestActsThatEndedLongAfterTheyBeganAreRemembered(t *testing.T) {
	j := newJournal(t)
	ctx := t.Context()
	open1(t, j, "one")
	if err := begin(t, j, "long", "one"); err != nil {
		t.Fatal(err)
	}
	if err := j.Finish(ctx, "long", "healed", noon.Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	acts, err := j.Since(ctx, "backoffice", noon.Add(23*time.Hour))
	if err != nil || len(acts) != 1 {
		t.Fatalf("got %v %v, want the act that was held for a day", acts, err)
	}
}

func TestPruneKeepsWhatIsOpen(t *testing.T) {
	j := newJournal(t)
	ctx := t.Context()
	done := open1(t, j, "done")
	done.State, done.Updated = StateGone, noon
	if err := j.SetIncident(ctx, done, ""); err != nil {
		t.Fatal(err)
	}
	open1(t, j, "open")
	if err := begin(t, j, "unfinished", "open"); err != nil {
		t.Fatal(err)
	}
	put(t, j, hint("a", 0))
	if err := j.Prune(ctx, noon.Add(24*time.Hour), time.Hour); err != nil {
		t.Fatal(err)
	}
	list, err := j.Incidents(ctx, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].ID != "open" {
		t.Errorf("got %+v, want the open incident only", list)
	}
	if in, err := j.Unfinished(ctx, "backoffice"); err != nil || len(in) != 1 {
		t.Errorf("the unfinished intent is gone: %v %v", in, err)
	}
	if len(pending(t, j)) != 1 {
		t.Error("the pending hint is gone")
	}
}

func TestAMessageIsKeptUntilItIsDelivered(t *testing.T) {
	j := newJournal(t)
	ctx := t.Context()
	inc := open1(t, j, "one")
	if err := j.SetIncident(ctx, inc, "started\ndb1"); err != nil {
		t.Fatal(err)
	}
	list, err := j.Unsent(ctx)
	if err != nil || len(list) != 1 || list[0].Text != "started·db1" {
		t.Fatalf("got %v %v, want one message on one line", list, err)
	}
	if err := j.Sent(ctx, list[0], noon); err != nil {
		t.Fatal(err)
	}
	if list, err = j.Unsent(ctx); err != nil || len(list) != 0 {
		t.Fatalf("got %v %v, want none", list, err)
	}
}

func TestMaintenanceEndsByItself(t *testing.T) {
	j := newJournal(t)
	ctx := context.Background()
	m := Maintenance{Cluster: "backoffice", Since: noon, Until: noon.Add(time.Hour), By: "ana", Why: "new disk"}
	if err := j.SetMaintenance(ctx, m); err != nil {
		t.Fatal(err)
	}
	for minutes, want := range map[int]int{59: 1, 60: 0} {
		list, err := j.Maintenances(ctx, noon.Add(time.Duration(minutes)*time.Minute))
		if err != nil || len(list) != want {
			t.Errorf("after %d min: got %v %v, want %d", minutes, list, err, want)
		}
	}
}

func BenchmarkPutHints(b *testing.B) {
	j, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	n := 0
	for b.Loop() {
		n++
		if err := j.PutHints(b.Context(), []Hint{hint(fmt.Sprint(n), 0)}); err != nil {
			b.Fatal(err)
		}
	}
}
