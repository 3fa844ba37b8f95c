package node

import (
	"strings"
	"testing"
)

func TestParseChunk(t *testing.T) {
	for _, c := range []struct {
		name   string
		file   string
		offset int64
		ok     bool
	}{
		{name: ChunkName("BACKUP-7-0.11.Data", 0), file: "BACKUP-7-0.11.Data", ok: true},
		{name: ChunkName("BACKUP-7-PART-1-OF-2/BACKUP-7.11.log", 1<<40), file: "BACKUP-7-PART-1-OF-2/BACKUP-7.11.log", offset: 1 << 40, ok: true},
		{name: "BACKUP-7-0.11.Data"},
		{name: "BACKUP-7-0.11.Data@7"},
		{name: "BACKUP-7-0.11.Data@-00000000000007"},
		{name: "@000000000000007"},
		{name: "a@b@000000000000007"},
		{name: "a@0000000000000070"},
		{name: "a@000000000000007\n"},
	} {
		if file, offset, ok := ParseChunk(c.name); file != c.file || offset != c.offset || ok != c.ok {
			t.Errorf("%q is %q, %d, %v", c.name, file, offset, ok)
		}
	}
}

// FuzzParseChunk: what is a chunk's name has one reading, and is written in one way.
func FuzzParseChunk(f *testing.F) {
	for _, name := range []string{ChunkName("BACKUP-7-0.11.Data", 4<<20), "BACKUP-7.11.ctl", "a@b@000000000000007", "../x@000000000000000", "@", "x@999999999999999", "x@00000000000000٣"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		file, offset, ok := ParseChunk(name)
		if !ok {
			return
		}
		if offset < 0 || strings.Contains(file, "@") || ChunkName(file, offset) != name {
			t.Errorf("%q is %q from %d on, which is %q", name, file, offset, ChunkName(file, offset))
		}
		if _, _, more := ParseChunk(file); more {
			t.Errorf("%q is a chunk of a chunk", name)
		}
	})
}
