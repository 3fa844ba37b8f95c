package backupd

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/kagu-db/kagu/internal/cluster"
)

// archiver keeps a piece for each text it is given, and waits.
type archiver struct {
	fakeKind
	texts chan string
	began chan *Piece // Last, each time it is called
}

func (a *archiver) Archive(ctx context.Context, job Archive) error {
	a.began <- job.Last
	for {
		select {
		case text := <-a.texts:
			_, err := job.Keep(ctx, func(ctx context.Context, s Sink) (Facts, error) {
				w, err := s.Stream(ctx, "binlog")
				if err != nil {
					return Facts{}, err
				}
				_, err = io.WriteString(w, text)
				return Facts{Origin: Origin{Nodes: []string{"db2"}}, Position: Position{File: "binlog.000001", Offset: uint64(len(text))}}, errors.Join(err, w.Close())
			})
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func TestBinaryLogsAreKeptPieceByPiece(t *testing.T) {
	dir, stores, keys := t.TempDir(), twoStores(), allKeys(t)
	a := &archiver{texts: make(chan string), began: make(chan *Piece, 10)}
	kept := make(chan Manifest, 10)
	r := newRigWith(t, dir, stores, keys, func(e *Engine) {
		e.Kinds = map[cluster.Kind]Kind{cluster.KindGalera: a}
		e.Kept = func(m Manifest) { kept <- m }
		e.Dir = t.TempDir()
	})
	if last := <-a.began; last != nil {
		t.Errorf("the first archive goes on from %+v", last)
	}
	a.texts <- "one"
	first := <-kept
	a.texts <- "two and three"
	second := <-kept
	if first.Method != Binlog || first.Plain() != 3 || second.Position.Offset != 13 || first.Job != "log" {
		t.Errorf("kept %+v and %+v", first, second)
	}
	r.engine.Reload()
	if last := <-a.began; last == nil || last.ID != second.ID {
		t.Errorf("after a reload it goes on from %+v", last)
	}
	// Pieces are not copied while they come, but soon after.
	if err := r.engine.copyMissing(t.Context(), r.engine.Fleet().Clusters[0]); err != nil {
		t.Fatal(err)
	}
	pieces, err := r.engine.Catalogue.Pieces(t.Context(), "backoffice")
	if err != nil || len(pieces) != 2 {
		t.Errorf("%+v, %v", pieces, err)
	}
	for _, p := range pieces {
		if len(p.Stores) != 2 {
			t.Errorf("%s is in %v", p.ID, p.Stores)
		}
	}
	list, err := (Vault{Store: stores["offsite"], Keys: keys}).List(t.Context(), "backoffice")
	if err != nil || len(list) != 2 || list[0].Err != nil {
		t.Errorf("the further store lists %+v, %v", list, err)
	}
}

func TestACopyThatFailedIsMadeLater(t *testing.T) {
	r := newRig(t, t.TempDir(), twoStores(), allKeys(t))
	r.stores["offsite"].put = refuse("")
	if run := r.take("full"); run.Stage != "copy" || run.Error == "" {
		t.Fatalf("%+v", run)
	}
	if e := r.entries(); len(e) != 1 || len(e[0].Stores) != 1 {
		t.Fatalf("the backup itself is not there: %+v", e)
	}
	r.stores["offsite"].put = nil
	if err := r.engine.copyMissing(t.Context(), r.engine.Fleet().Clusters[0]); err != nil {
		t.Fatal(err)
	}
	if e := r.entries(); len(e[0].Stores) != 2 {
		t.Errorf("it is in %v", e[0].Stores)
	}
}
