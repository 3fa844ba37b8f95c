package backupd

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/cluster"
)

// slowProof reads the backup, recovers for a while, and looks at three tables; it asks at each step
// what the run tells.
type slowProof struct {
	fakeKind
	engine *Engine
	told   []*Progress
}

func (k *slowProof) note() {
	var p *Progress
	if now := k.engine.Running()[0].Progress; now != nil {
		it := *now
		p = &it
	}
	k.told = append(k.told, p)
}

func (k *slowProof) Prove(ctx context.Context, p Proof) (Evidence, error) {
	p.Tell("fetch", "")
	k.note()
	for _, l := range p.Links {
		r, err := l.Source.Open(ctx, "data")
		if err != nil {
			return Evidence{}, err
		}
		_, err = io.Copy(io.Discard, r)
		if err := errors.Join(err, r.Close()); err != nil {
			return Evidence{}, err
		}
		k.note()
	}
	p.Tell("prepare", "")
	k.note()
	r, err := p.Links[0].Source.Open(ctx, "data") // a little that is read by the way
	if err != nil {
		return Evidence{}, err
	}
	_, err = io.Copy(io.Discard, r)
	if err := errors.Join(err, r.Close()); err != nil {
		return Evidence{}, err
	}
	k.note()
	p.Tell("check", "")
	another := p.Count(3, "tables")
	for range 3 {
		another()
		k.note()
	}
	return Evidence{Checks: []Check{{Name: "all", Good: true}}}, nil
}

func TestAProofTellsHowFarItIsWhereThatIsKnown(t *testing.T) {
	k := &slowProof{fakeKind: fakeKind{text: strings.Repeat("x", 1000)}}
	r := newRigWith(t, t.TempDir(), twoStores(), allKeys(t), func(e *Engine) {
		e.Kinds = map[cluster.Kind]Kind{cluster.KindGalera: k}
		k.engine = e
	})
	r.take("full")
	r.take("changes")
	if run := r.prove(""); run.Error != "" || run.Plain != 0 {
		t.Fatalf("%+v", run)
	}
	want := []*Progress{
		nil,
		{1000, 2000, "bytes"},
		{2000, 2000, "bytes"}, // the chain of two
		nil, nil,
		{1, 3, "tables"},
		{2, 3, "tables"},
		{3, 3, "tables"},
	}
	if diff := cmp.Diff(want, k.told); diff != "" {
		t.Error(diff)
	}
	if runs, err := r.engine.Catalogue.Runs(t.Context(), "", 10); err != nil || slices.ContainsFunc(runs, func(r Run) bool { return r.Progress != nil }) {
		t.Errorf("%+v, %v", runs, err)
	}
}
