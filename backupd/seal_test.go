package backupd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"go.uber.org/goleak"
	"golang.org/x/time/rate"
	"pgregory.net/rapid"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/cluster"
)

// some returns so many bytes that compress to about a half, the same for the same seed.
func some(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	text := make([]byte, 0, n+8)
	for len(text) < n {
		text = binary.LittleEndian.AppendUint64(text, 0x6161616161616161+r.Uint64()&0x0f0f0f0f0f0f0f0f)
	}
	return text[:n]
}

// seal writes streams, each from a goroutine of its own and in pieces of odd sizes.
func seal(t testing.TB, st store.Store, o SealOptions, streams map[string][]byte) (Manifest, error) {
	t.Helper()
	begun := time.Date(2026, 11, 28, 2, 15, 0, 0, time.UTC)
	m := Manifest{
		Format: Format, ID: NewID(Physical, begun), Cluster: "backoffice", Kind: cluster.KindGalera, Method: Physical,
		Begun: begun, Ended: begun.Add(time.Minute), Sealing: Sealing{Compression: "zstd"},
	}
	for _, r := range o.Recipients {
		m.Sealing.Recipients = append(m.Sealing.Recipients, fmt.Sprint(r))
	}
	s, err := NewSealer(t.Context(), st, m.Cluster, m.ID, o)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for name, content := range streams {
		wg.Go(func() {
			w, err := s.Stream(t.Context(), name)
			if err != nil {
				s.Fail(err)
				return
			}
			for piece := range slices.Chunk(content, 1<<20-7) {
				if _, err = w.Write(piece); err != nil {
					break
				}
			}
			if err := errors.Join(err, w.Close()); err != nil {
				s.Fail(err)
			}
		})
	}
	wg.Wait()
	m.Streams, err = s.Finish()
	return m, err
}

func read(ctx context.Context, r *Reader, stream string) ([]byte, error) {
	body, err := r.Open(ctx, stream)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestWhatIsSealedIsReadAgain(t *testing.T) {
	defer goleak.VerifyNone(t)
	id := identity(t)
	// Where frames and parts are cut is the same whoever they are encrypted for: a part and a byte show
	// that each part is opened by itself.
	short := map[string][]byte{"empty": nil, "one": {42}, "parts": some(4, partSize+1)}
	for _, c := range []struct {
		name       string
		recipients []age.Recipient
		streams    map[string][]byte
		parts      int
	}{
		{"in the clear", nil, map[string][]byte{
			"empty": nil, "one": {42}, "frame": some(1, frameSize), "frame-and-one": some(2, frameSize+1),
			"part": some(3, partSize), "parts": some(4, 2*partSize+13),
		}, 3},
		{"encrypted", []age.Recipient{id.Recipient()}, short, 2},
		{"encrypted for two", []age.Recipient{identity(t).Recipient(), id.Recipient()}, short, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := newMemory()
			m, err := seal(t, st, SealOptions{Recipients: c.recipients}, c.streams)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Valid(); err != nil {
				t.Fatal(err)
			}
			for name, want := range c.streams {
				got, err := read(t.Context(), &Reader{Store: st, Manifest: m, Identities: []age.Identity{id}}, name)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(want), err)
				}
			}
			stream, _ := m.Stream("parts")
			if len(stream.Parts) != c.parts {
				t.Errorf("%d parts, want %d", len(stream.Parts), c.parts)
			}
		})
	}
}

func TestWhatNeverRepeatsIsMadeSmallerToo(t *testing.T) {
	m, err := seal(t, newMemory(), SealOptions{}, map[string][]byte{"hex": some(1, frameSize)})
	if err != nil {
		t.Fatal(err)
	}
	if share := float64(m.Stored()) / frameSize; share > 0.52 {
		t.Errorf("four bits in a byte take %.2f of the room", share)
	}
}

func TestSealingEndsWithTheFirstFailure(t *testing.T) {
	defer goleak.VerifyNone(t)
	broken := errors.New("the store is broken")
	st := newMemory()
	st.put = func(name string) error {
		if strings.HasSuffix(name, "00000001") {
			return broken
		}
		return nil
	}
	if _, err := seal(t, st, SealOptions{}, map[string][]byte{"a": make([]byte, 3*partSize), "b": some(2, 1000)}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestAStreamWithoutAnEndIsNoBackup(t *testing.T) {
	s, err := NewSealer(t.Context(), newMemory(), "c", NewID(Physical, time.Now()), SealOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stream(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Finish(); err == nil || !strings.Contains(err.Error(), "not brought to their end") {
		t.Errorf("got %v", err)
	}
}

func TestABackupThatIsCancelledEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	s, err := NewSealer(ctx, newMemory(), "c", NewID(Physical, time.Now()), SealOptions{Limit: rate.NewLimiter(1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Stream(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("maintenance begins")
	cancel(why)
	if _, err := w.Write(make([]byte, 100)); !errors.Is(err, why) {
		t.Errorf("write: %v", err)
	}
	if _, err := s.Finish(); !errors.Is(err, why) {
		t.Errorf("finish: %v", err)
	}
}

func TestWhoHasNoKeyIsToldWhichIsNeeded(t *testing.T) {
	st, owner := newMemory(), identity(t)
	m, err := seal(t, st, SealOptions{Recipients: []age.Recipient{owner.Recipient()}}, map[string][]byte{"a": some(1, 100)})
	if err != nil {
		t.Fatal(err)
	}
	for name, ids := range map[string][]age.Identity{"none": nil, "another": {identity(t)}} {
		_, err := read(t.Context(), &Reader{Store: st, Manifest: m, Identities: ids}, "a")
		if !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), owner.Recipient().String()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A reader that stops early leaves nothing running.
func TestAReaderMayStop(t *testing.T) {
	defer goleak.VerifyNone(t)
	st := newMemory()
	m, err := seal(t, st, SealOptions{}, map[string][]byte{"a": make([]byte, 3*partSize)})
	if err != nil {
		t.Fatal(err)
	}
	body, err := (&Reader{Store: st, Manifest: m}).Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(body, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}

func TestAnyBytesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 5000).Draw(t, "content")
		st := newMemory()
		s, err := NewSealer(context.Background(), st, "c", NewID(Logical, time.Now()), SealOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w, err := s.Stream(context.Background(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		streams, err := s.Finish()
		if err != nil {
			t.Fatal(err)
		}
		m := Manifest{Cluster: "c", ID: idOf(st), Streams: streams}
		got, err := read(context.Background(), &Reader{Store: st, Manifest: m}, "a")
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%d of %d bytes, %v", len(got), len(content), err)
		}
	})
}

func idOf(m *memory) string {
	for name := range m.objects {
		_, id, _, _ := belongs(partsFolder, name)
		return id
	}
	return ""
}
