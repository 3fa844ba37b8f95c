package host

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/node"
)

// followEvery is how often growing files are looked at. What is written between the last look and the
// end is read then.
const followEvery = 200 * time.Millisecond

// A following sends the files of a backup while the data node writes them. Files of rows and of changes
// only ever grow (docs/backup-ndb.md says how that was seen), and are sent in chunks; metadata is
// small, and sent when it is complete.
type following struct {
	fl      *flow
	proc    procfs
	to      *tar.Writer
	growing map[string]*growing // by name
}

// follow streams the files of a part that is still being written. It ends when the client says that the
// backup is complete, which the management servers told it: then the rest is sent, and what was sent is
// compared with what the files are.
func (s *Server) follow(ctx context.Context, fl *flow) (*node.Stream, error) {
	if _, err := nativeAt(fl.n, fl.r.BackupID); err != nil {
		return nil, err
	}
	result := &node.Stream{Format: node.FormatTar}
	if err := fl.open(*result); err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(fl.out, node.MaxFrame)
	f := &following{fl: fl, proc: s.proc, to: tar.NewWriter(out), growing: map[string]*growing{}}
	defer f.close()
	if err := f.until(ctx, complete(fl.in)); err != nil {
		return nil, err
	}
	var err error
	if result.Files, err = f.finish(ctx); err != nil {
		return nil, err
	}
	if err := errors.Join(f.to.Close(), out.Flush()); err != nil {
		return nil, err
	}
	result.Bytes = fl.out.Sent()
	return result, nil
}

// complete tells once when the client says that the backup is complete: nil, or that it went away. Who
// reads is left behind if we end before, and ends with this short process.
func complete(in io.Reader) <-chan error {
	told := make(chan error, 1)
	go func() {
		switch err := node.NewParts(in).Next(); {
		case errors.Is(err, io.EOF):
			told <- nil
		case err == nil:
			told <- errors.New("the client sends data where it should say that the backup is complete")
		default:
			told <- fmt.Errorf("the client went away before the backup was complete: %w", err)
		}
	}()
	return told
}

// until sends what is there, again and again, until it is told that the files are complete.
func (f *following) until(ctx context.Context, told <-chan error) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		if err := f.round(ctx); err != nil {
			return err
		}
		select {
		case err := <-told:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// round sends what has grown by a chunk or more, of every file in turn.
func (f *following) round(ctx context.Context) error {
	b, err := findNative(f.fl.n, f.fl.r.BackupID)
	if _, none := errors.AsType[noFiles](err); none || gone(err) { // not yet, or an aborted one is removed under our eyes
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range b.files {
		if strings.HasSuffix(name, ".ctl") || f.growing[name] != nil {
			continue
		}
		g, err := openGrowing(f.proc, filepath.Join(b.path, name), name)
		if gone(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("follow %s: %w", name, err)
		}
		f.growing[name] = g
	}
	for more := true; more; {
		more = false
		for _, g := range f.growing {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			sent, err := g.send(f.to, leastChunk)
			if err != nil {
				return fmt.Errorf("follow %s: %w", g.name, err)
			}
			more = more || sent
		}
	}
	return nil
}

// finish sends what is left, and all of what was not as it had been sent.
func (f *following) finish(ctx context.Context) (files []node.File, err error) {
	b, err := findNative(f.fl.n, f.fl.r.BackupID)
	if err != nil {
		return nil, err
	}
	if who := f.proc.writers(b.path); who != "" {
		return nil, fmt.Errorf("%s still writes files of backup %d, which is said to be complete: see the data node's log, and take another", who, b.id)
	}
	for name := range f.growing {
		if !b.has(name) {
			return nil, fmt.Errorf("%s was removed while it was followed: find out by whom, and take another backup", name)
		}
	}
	for _, name := range b.files {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		size, err := f.rest(b.path, name)
		if err != nil {
			return nil, fmt.Errorf("collect %s: %w", name, err)
		}
		files = append(files, node.File{Name: name, Size: size})
	}
	return files, nil
}

// rest sends the rest of one file and proves that it is what was sent; else, and if nothing was sent of
// it yet, it sends the whole.
func (f *following) rest(dir, name string) (int64, error) {
	if g := f.growing[name]; g != nil && g.sent > 0 {
		for more := true; more; {
			var err error
			if more, err = g.send(f.to, 1); err != nil {
				return 0, err
			}
		}
		differs, err := g.differs()
		switch {
		case err != nil:
			return 0, err
		case differs == "":
			return g.sent, nil
		}
		f.fl.notes = append(f.fl.notes, clean(fmt.Sprintf("%s was sent anew in whole: %s", name, differs), 300))
	}
	return addFile(f.to, dir, name)
}

func (f *following) close() {
	for _, g := range f.growing {
		g.f.Close()
	}
}
