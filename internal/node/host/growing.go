package host

import (
	"archive/tar"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"time"

	"github.com/kagu-db/kagu/internal/node"
)

// The sizes of chunks. Each costs a head in the tar, and whoever puts them together an append.
const (
	leastChunk = 4 << 20
	mostChunk  = 64 << 20
)

// A growing file is sent chunk by chunk while another process writes it.
type growing struct {
	path, name string // name is as seen from the folder of the backup
	f          *os.File
	proc       procfs
	sent       int64
	seed       maphash.Seed
	sums       []chunkSum

	// appended: whoever had it open for writing before the first byte was read could only append. Then
	// no byte changes once it is there, by what the kernel promises of O_APPEND.
	appended bool
	shrunk   bool
}

// A chunkSum is the digest of what was sent of a chunk. It is compared within this process alone, so
// that it need not be one that others know.
type chunkSum struct {
	size int64
	sum  uint64
}

func openGrowing(proc procfs, path, name string) (*growing, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	return &growing{path: path, name: name, f: f, proc: proc, seed: maphash.MakeSeed()}, nil
}

// send sends what came since, if it is at least so much; at most one chunk.
func (g *growing) send(to *tar.Writer, least int64) (sent bool, err error) {
	info, err := g.f.Stat()
	if err != nil {
		return false, err
	}
	n := info.Size() - g.sent
	if n < 0 {
		g.shrunk = true
	}
	if n < least {
		return false, nil
	}
	n = min(n, mostChunk)
	n -= n % least // of one that grows, never its last block
	if g.sent == 0 {
		g.appended = g.proc.onlyAppended(g.path)
	}
	head := tar.Header{Name: node.ChunkName(g.name, g.sent), Mode: 0o600, Size: n, ModTime: info.ModTime().UTC().Truncate(time.Second), Format: tar.FormatPAX}
	if err := to.WriteHeader(&head); err != nil {
		return false, err
	}
	var sum maphash.Hash
	sum.SetSeed(g.seed)
	if _, err := io.Copy(to, io.TeeReader(io.NewSectionReader(g.f, g.sent, n), &sum)); err != nil {
		return false, err
	}
	g.sent += n
	g.sums = append(g.sums, chunkSum{n, sum.Sum64()})
	return true, nil
}

// differs compares the file as it stands with what was sent, and says what is not the same. Of a file
// that could only be appended to it reads the first chunk again, where a format would have a head
// that is filled in at the end; of any other all of it.
func (g *growing) differs() (string, error) {
	ours, err := g.f.Stat()
	if err != nil {
		return "", err
	}
	there, err := os.Lstat(g.path)
	switch {
	case err != nil:
		return "", err
	case !os.SameFile(ours, there):
		return "another file has taken its place", nil
	case g.shrunk:
		return "it was cut short while it was followed", nil
	case ours.Size() != g.sent:
		return fmt.Sprintf("it has %d bytes, and %d were sent", ours.Size(), g.sent), nil
	}
	check := g.sums
	if g.appended {
		check = check[:1]
	}
	var at int64
	for _, c := range check {
		var sum maphash.Hash
		sum.SetSeed(g.seed)
		if _, err := io.Copy(&sum, io.NewSectionReader(g.f, at, c.size)); err != nil {
			return "", err
		}
		if sum.Sum64() != c.sum {
			return fmt.Sprintf("what lies in the %d bytes from %d on was written anew after it had been sent", c.size, at), nil
		}
		at += c.size
	}
	after, err := g.f.Stat()
	if err == nil && (after.Size() != ours.Size() || !after.ModTime().Equal(ours.ModTime())) {
		return "it was written to after the backup was said to be complete", nil
	}
	return "", err
}
