package host

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kagu-db/kagu/internal/mbstream"
)

// streamOf writes a stream of whole files, one chunk each.
func streamOf(files ...any) []byte {
	var b []byte
	head := func(kind byte, name string) {
		b = append(b, 'X', 'B', 'S', 'T', 'C', 'K', '0', '1', 0, kind)
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(name))), name...)
	}
	for i := 0; i < len(files); i += 2 {
		name, size := files[i].(string), files[i+1].(int)
		head('P', name)
		b = binary.LittleEndian.AppendUint64(b, uint64(size))
		b = append(b, make([]byte, 8+4+size)...) // offset, checksum, content
		head('E', name)
	}
	return b
}

func TestThePaceOfABackup(t *testing.T) {
	const mib = 1 << 20
	for _, tc := range []struct {
		name   string
		stream []byte
		rate   int64
		hurry  bool
		took   time.Duration // less what may be made good
		most   int           // bytes in a tenth of a second: of it, of one frame more, and of what is made good; 0: any
	}{
		{name: "data at the rate", stream: streamOf("ibdata1", 9*mib, "./shop/orders.ibd", 7*mib), rate: 16 * mib, took: time.Second, most: 3 * mib},
		{name: "an incremental backup's too", stream: streamOf("./shop/orders.ibd.delta", 4*mib), rate: 2 * mib, took: 2 * time.Second},
		{name: "the least rate", stream: streamOf("undo001", mib), rate: 64 << 10, took: 16 * time.Second},
		{name: "no rate", stream: streamOf("ibdata1", 16*mib), took: 0},
		{name: "the redo log waits for nothing", stream: streamOf("ib_logfile0", 8*mib, "ibdata1", 2*mib), rate: mib, took: 2 * time.Second},
		{name: "what is read under the locks neither", stream: streamOf("./shop/orders.frm", 2*mib, "./shop/old.MYD", 2*mib, "./shop/made.ibd.new", 2*mib), rate: mib},
		{name: "nothing does while the redo log is short", stream: streamOf("ibdata1", 16*mib), rate: mib, hurry: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, look, from, buffer := newPace(tc.rate), new(mbstream.Scanner), bytes.NewReader(tc.stream), make([]byte, mib)
				p.hurry.Store(tc.hurry)
				began, got, most := time.Now(), 0, 0
				for window, in := began, 0; ; {
					n, err := p.read(t.Context(), from, look, buffer)
					if got += n; errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					if in += n; time.Since(window) >= 100*time.Millisecond {
						window, in, most = time.Now(), 0, max(most, in)
					}
				}
				if err := look.Close(); err != nil || got != len(tc.stream) {
					t.Errorf("%d of %d bytes, %v", got, len(tc.stream), err)
				}
				if took := time.Since(began); took > tc.took || took < tc.took-catchUp-tc.took/100 {
					t.Errorf("it took %v, want %v", took, tc.took)
				}
				if tc.most > 0 && most > tc.most {
					t.Errorf("%d bytes in a tenth of a second, want %d at most", most, tc.most)
				}
			})
		})
	}
}

func TestAPaceEndsWithItsBackup(t *testing.T) {
	gone := errors.New("the client is gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	_, err := newPace(1<<20).read(ctx, bytes.NewReader(streamOf("ibdata1", 1<<20)), new(mbstream.Scanner), make([]byte, 1<<20))
	if !errors.Is(err, gone) {
		t.Error(err)
	}
}
