package backupd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// A logRig is a rig with an archive of two files of a binary log in small pieces, all of one hour but
// the last; want is what the files hold.
type logRig struct {
	*rig
	clock *tickingClock
	want  map[string]string
}

func newLogRig(t *testing.T, keys Keys) *logRig {
	t.Helper()
	l := &logRig{clock: &tickingClock{}, want: map[string]string{}}
	l.clock.add(time.Duration(oclock(10).UnixNano()))
	l.rig = newRigWith(t, t.TempDir(), twoStores(), keys, func(e *Engine) {
		e.Now = l.clock.now
		b := e.Fleet().Clusters[0].Backup
		b.Jobs = slices.DeleteFunc(b.Jobs, func(j inventory.BackupJob) bool { return j.Name == "log" }) // nobody archives but the test
		b.Copies, b.Retention = nil, inventory.Retention{Daily: 2, Least: 1}
	})
	came := Position{File: "log.000001"}
	for n := range 9 {
		file := fmt.Sprintf("log.%06d", 1+n/4)
		if n == 8 {
			l.clock.add(2 * time.Hour)
			file = "log.000002"
		}
		text := fmt.Sprintf("transaction %d;", n)
		l.want[file] += text
		to := Position{File: file, Offset: uint64(len(l.want[file])), Time: oclock(9)}
		l.keep(came, to, text, n == 0)
		came = Position{File: to.File, Offset: to.Offset}
		l.clock.add(10 * time.Second)
	}
	return l
}

func (l *logRig) keep(from, to Position, text string, fresh bool) {
	l.t.Helper()
	c := l.engine.Fleet().Clusters[0]
	_, err := l.engine.piece(l.t.Context(), c, inventory.BackupJob{Name: "log"}, func(ctx context.Context, s Sink) (Facts, error) {
		f := Facts{Origin: Origin{Nodes: []string{"db2"}}, From: &from, Position: to}
		if fresh {
			f.Notes = []string{"a new line begins: there was none before"}
		}
		w, err := s.Stream(ctx, "binlog")
		if err != nil {
			return f, err
		}
		_, err = io.WriteString(w, text)
		return f, errors.Join(err, w.Close())
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *logRig) merge() error {
	return l.engine.mergeAll(l.t.Context(), l.engine.Fleet().Clusters[0])
}

// intact wants that a restore finds every byte of the logs, once, in the store itself; it returns
// how many pieces the store has.
func (l *logRig) intact() int {
	l.t.Helper()
	v := Vault{Store: l.stores["main"], Keys: l.engine.Keys()}
	listed, err := v.List(l.t.Context(), "backoffice")
	if err != nil {
		l.t.Fatal(err)
	}
	var entries []Entry
	for _, one := range listed {
		if one.Err != nil {
			l.t.Fatal(one.Err)
		}
		records, err := v.Records(l.t.Context(), "backoffice", one.ID)
		if err != nil {
			l.t.Fatal(err)
		}
		entries = append(entries, Entry{Manifest: one.Manifest.Head(), Records: records})
	}
	_, pieces := split(entries)
	logs, err := v.logs(l.t.Context(), distinct(pieces), Manifest{Cluster: "backoffice"}, Point{GTID: "0-1-9"})
	if err != nil {
		l.t.Fatal(err)
	}
	got := map[string]string{}
	for _, link := range logs {
		m := link.Manifest
		var text strings.Builder
		if err := v.pour(l.t.Context(), m, "binlog", &text); err != nil {
			l.t.Fatal(err)
		}
		from := m.From.Offset
		if m.From.File != m.Position.File {
			from = 0
		}
		if file := m.Position.File; uint64(len(got[file])) != from {
			l.t.Errorf("%s of %s begins at %d, and %d bytes were read before", m.ID, file, from, len(got[file]))
		}
		got[m.Position.File] += text.String()
	}
	if fmt.Sprint(got) != fmt.Sprint(l.want) {
		l.t.Errorf("the archive holds %q, want %q", got, l.want)
	}
	return len(listed)
}

func TestPiecesOfAnHourBecomeOneAndThenTheyGo(t *testing.T) {
	l := newLogRig(t, allKeys(t))
	if err := l.merge(); err != nil {
		t.Fatal(err)
	}
	if n := l.intact(); n != 9+2 {
		t.Errorf("%d pieces, want the nine and two larger ones: nothing is removed when they are put together", n)
	}
	list, err := EngineDesk{Engine: l.engine, Schedule: &Scheduler{}}.List(t.Context(), "backoffice")
	if err != nil || list[0].Logs == nil || len(list[0].Logs.Stretches) != 1 {
		t.Errorf("%+v %v", list, err)
	}
	if err := l.merge(); err != nil || l.intact() != 11 {
		t.Errorf("a second time there is something to do: %v", err)
	}
	plans, err := l.engine.PrunePlans(t.Context(), "backoffice")
	if err != nil {
		t.Fatal(err)
	}
	gone := 0
	for _, d := range plans[0].Decisions {
		if d.Keep {
			continue
		}
		if gone++; d.Within == "" || !strings.Contains(d.Why, "which was read back") {
			t.Errorf("%+v", d)
		}
	}
	if run := l.prune(); gone != 8 || run.Error != "" || l.intact() != 3 {
		t.Errorf("%d are given up, and %d are left, want 8 and 3: %s", gone, l.intact(), run.Error)
	}
	last, err := l.engine.Catalogue.NewestPiece(t.Context(), "backoffice")
	if err != nil || last.Merged != 0 || last.To != (Place{"log.000002", uint64(len(l.want["log.000002"]))}) {
		t.Errorf("an archive would go on from %+v, %v", last, err)
	}
	small := slices.IndexFunc(plans[0].Decisions, func(d Decision) bool { return d.Within != "" })
	s, err := EngineDesk{Engine: l.engine}.Show(t.Context(), "backoffice", plans[0].Decisions[small].Within)
	if err != nil || s.Manifest.Merged != 4 || len(s.Records) != 1 || s.Records[0].Said != "read back, it is the same as the 4 pieces that it was put together from" {
		t.Errorf("%+v, %v", s, err)
	}
	for object := range l.stores["main"].objects {
		if _, id, _, ok := belongsAnywhere(object); !ok || methodOf(id) != Binlog {
			t.Errorf("what is %s?", object)
		}
	}
	if n := len(l.stores["main"].objects); n != 3+3+2 {
		t.Errorf("%d objects are left, want three manifests, three parts and two records", n)
	}
}

// Whatever is cut short, and whenever: a restore finds every byte, and the next time all is done.
func TestPuttingPiecesTogetherMayBeCutShortAnywhere(t *testing.T) {
	keys, died := allKeys(t), errors.New("died")
	for stop := 1; ; stop++ {
		l := newLogRig(t, keys)
		st := l.stores["main"]
		var acts atomic.Int64
		act := func(string) error {
			if acts.Add(1) >= int64(stop) {
				return died
			}
			return nil
		}
		st.put, st.del = act, act
		err := l.merge()
		run := l.prune()
		st.put, st.del = nil, nil
		l.intact()
		if err := l.merge(); err != nil {
			t.Errorf("stopped at act %d: %v", stop, err)
		}
		if again := l.prune(); again.Error != "" {
			t.Errorf("stopped at act %d: %s", stop, again.Error)
		}
		if n := l.intact(); n != 3 {
			t.Errorf("stopped at act %d: %d pieces are left in the end, want 3", stop, n)
		}
		l.stop()
		if err == nil && run.Error == "" {
			t.Logf("cut short at each of %d acts on the store", stop-1)
			return
		}
	}
}

func TestWhatIsReadBackOtherwiseIsNoPiece(t *testing.T) {
	l := newLogRig(t, allKeys(t))
	l.stores["main"].spoil = func(name string) bool { return strings.HasPrefix(name, partsFolder) }
	if err := l.merge(); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if n := l.intact(); n != 9 {
		t.Errorf("%d pieces", n)
	}
	if n := len(l.stores["main"].objects); n != 18 {
		t.Errorf("%d objects, want nine manifests and nine parts", n)
	}
}

// A larger piece that turns out to be damaged later holds nothing: what it was made of stays, and is
// what a restore reads.
func TestALargerPieceThatIsDamagedHoldsNothing(t *testing.T) {
	l := newLogRig(t, allKeys(t))
	if err := l.merge(); err != nil {
		t.Fatal(err)
	}
	pieces, err := l.engine.Catalogue.Pieces(t.Context(), "backoffice")
	if err != nil {
		t.Fatal(err)
	}
	v := Vault{Store: l.stores["main"], Keys: l.engine.Keys()}
	for _, p := range pieces {
		if p.Merged > 0 {
			r := Record{Format: Format, Cluster: "backoffice", Backup: p.ID, Look: Opened, Ended: l.clock.now(), Said: "a part is damaged"}
			if err := l.engine.keep(t.Context(), v, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if run := l.prune(); run.Error != "" || l.intact() != 11 {
		t.Errorf("%d pieces are left: %s", l.intact(), run.Error)
	}
}

func TestWithoutAKeyPiecesStayAsTheyAre(t *testing.T) {
	keys := allKeys(t)
	l := newLogRig(t, keys)
	l.rig.keys.Store(&Keys{Recipients: keys.Recipients, Signer: keys.Signer, Trust: keys.Trust})
	if err := l.merge(); err != nil {
		t.Error(err)
	}
	l.rig.keys.Store(&keys)
	if n := l.intact(); n != 9 {
		t.Errorf("%d pieces", n)
	}
}
