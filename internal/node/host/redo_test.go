package host

import (
	"bytes"
	"testing"
)

func TestHowFarTheToolHasCome(t *testing.T) {
	for _, tc := range []struct {
		name, said string
		want       uint64
	}{
		{name: "nothing yet: where the server was", want: 1000},
		{name: "as it says it", said: "[00] 2026-03-01 12:00:00 >> log scanned up to (184034453)\n", want: 184034453},
		{name: "the last line counts", said: ">> log scanned up to (2000)\n[01] Streaming ./a.ibd\n>> log scanned up to (3000)\n", want: 3000},
		{name: "a line that has not ended", said: ">> log scanned up to (2000)\n>> log scanned up to (30", want: 2000},
		{name: "before the backup began", said: ">> log scanned up to (999)\n", want: 1000},
		{name: "no LSN", said: ">> log scanned up to (99999999999999999999)\n", want: 1000},
		{name: "a long line", said: string(bytes.Repeat([]byte("x"), 2*longLine)) + "\n>> log scanned up to (2000)\n", want: 2000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, piece := range []int{1, 7, 1 << 20} {
				r := new(redo)
				r.copied.Store(1000)
				for said := []byte(tc.said); len(said) > 0; said = said[min(piece, len(said)):] {
					_, _ = r.Write(said[:min(piece, len(said))])
				}
				if got := r.copied.Load(); got != tc.want || len(r.line) > longLine {
					t.Errorf("in pieces of %d: %d, want %d", piece, got, tc.want)
				}
			}
		})
	}
}

func TestWhenTheRedoLogIsShort(t *testing.T) {
	const start, size = 1 << 40, 1600
	for _, tc := range []struct {
		name    string
		at      uint64
		hurries bool
		want    bool
	}{
		{name: "it keeps up", at: start + 400},
		{name: "more than a quarter waits", at: start + 401, want: true},
		{name: "it catches up", at: start + 101, hurries: true, want: true},
		{name: "it has caught up", at: start + 100, hurries: true},
		{name: "the server told of an earlier moment", at: start - 1},
	} {
		r := &redo{size: size}
		r.copied.Store(start)
		if got := r.tight(tc.at, tc.hurries); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func FuzzWhatTheToolSays(f *testing.F) {
	f.Add([]byte("[00] 2026-03-01 12:00:00 >> log scanned up to (184034453)\n"), 3)
	f.Add([]byte(">> log scanned up to (18446744073709551615)\n>> log scanned up to (1)\n"), 1)
	f.Fuzz(func(t *testing.T, said []byte, piece int) {
		piece = 1 + (piece&0xff+256)%256
		whole, parts := new(redo), new(redo)
		_, _ = whole.Write(said)
		for rest := said; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			_, _ = parts.Write(rest[:min(piece, len(rest))])
		}
		if whole.copied.Load() != parts.copied.Load() {
			t.Errorf("%d at once, %d in pieces of %d", whole.copied.Load(), parts.copied.Load(), piece)
		}
		if len(parts.line) > longLine {
			t.Errorf("a line of %d bytes is kept", len(parts.line))
		}
	})
}
