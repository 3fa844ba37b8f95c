package host

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/node"
)

// A follower is a client that follows backup 9 of a data node, and a data node whose files the test
// writes.
type follower struct {
	t       *testing.T
	dir     string
	tell    *node.Sender
	hangUp  func() error
	mu      sync.Mutex
	got     bytes.Buffer
	outcome chan outcome
	files   []*os.File
}

type outcome struct {
	reply node.Reply
	err   error
}

func (f *follower) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.got.Write(p)
}

func (f *follower) received() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.got.Len()
}

func following9(t *testing.T) *follower {
	t.Helper()
	s, base := newDataNode(t)
	toNode, fromClient := io.Pipe()
	toClient, fromNode := io.Pipe()
	f := &follower{
		t: t, dir: filepath.Join(base, "BACKUP", "BACKUP-9"), tell: node.NewSender(fromClient), hangUp: fromClient.Close, outcome: make(chan outcome, 1),
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() {
		defer close(served)
		r := ndbRequest(node.Collect, 9)
		r.Follow = true
		s.Stream(ctx, r, toNode, fromNode)
		fromNode.Close()
	}()
	go func() {
		reply, err := node.Receive(toClient, node.Collect, f, nil)
		toClient.CloseWithError(errors.New("nobody reads any more"))
		f.outcome <- outcome{reply, err}
	}()
	t.Cleanup(func() {
		cancel()
		fromClient.Close()
		<-served
		f.closeAll()
	})
	return f
}

// file opens a file of the backup as the data node does.
func (f *follower) file(name string, flags int) *os.File {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|flags, 0o600)
	if err != nil {
		f.t.Fatal(err)
	}
	f.files = append(f.files, file)
	return file
}

// closeAll closes them, as the data node does before a backup is complete.
func (f *follower) closeAll() {
	for _, file := range f.files {
		file.Close()
	}
	f.files = nil
}

func (f *follower) write(to *os.File, text []byte) {
	f.t.Helper()
	if _, err := to.Write(text); err != nil {
		f.t.Fatal(err)
	}
}

// until waits until so much has come.
func (f *follower) until(n int) {
	f.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for f.received() < n {
		if time.Now().After(deadline) {
			f.t.Fatalf("%d bytes came, want %d", f.received(), n)
		}
		select {
		case o := <-f.outcome:
			f.t.Fatalf("it ended: %+v %v", o.reply, o.err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// complete says that the backup is complete, and returns the reply and the files, put together.
func (f *follower) complete() (node.Reply, map[string]string) {
	f.t.Helper()
	if err := f.tell.End(); err != nil {
		f.t.Fatal(err)
	}
	o := <-f.outcome
	if o.err != nil {
		f.t.Fatal(o.err)
	}
	content := map[string]string{}
	for archive := tar.NewReader(&f.got); o.reply.Done; {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		text, err2 := io.ReadAll(archive)
		if err := errors.Join(err, err2); err != nil {
			f.t.Fatal(err)
		}
		name, offset, isChunk := node.ParseChunk(head.Name)
		if !isChunk {
			content[head.Name] = string(text)
			continue
		}
		if int64(len(content[name])) != offset {
			f.t.Fatalf("%s comes after %d bytes", head.Name, len(content[name]))
		}
		content[name] += string(text)
	}
	return o.reply, content
}

const (
	ctl9  = "BACKUP-9.11.ctl"
	data9 = "BACKUP-9-0.11.Data"
	log9  = "BACKUP-9.11.log"
)

// rows are bytes of which no two blocks are the same.
func rows(n int, salt byte) []byte {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(i) ^ byte(i>>8) ^ byte(i>>16) ^ salt
	}
	return text
}

func TestAGrowingPartIsFollowed(t *testing.T) {
	f := following9(t)
	data, changes, meta := f.file(data9, os.O_APPEND), f.file("BACKUP-9-PART-2-OF-2/"+data9, os.O_APPEND), f.file(ctl9, os.O_APPEND)
	f.write(meta, []byte("first"))
	f.write(data, rows(leastChunk+1000, 1))
	f.until(leastChunk)
	f.write(data, rows(2*leastChunk, 2))
	f.write(changes, rows(leastChunk, 3))
	f.until(4 * leastChunk)
	f.write(meta, []byte(", last"))
	f.write(f.file(log9, os.O_APPEND), []byte("few"))
	f.write(data, rows(77, 4))
	f.closeAll()
	reply, content := f.complete()
	if err := reply.Err(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		data9: string(rows(leastChunk+1000, 1)) + string(rows(2*leastChunk, 2)) + string(rows(77, 4)), ctl9: "first, last", log9: "few",
		"BACKUP-9-PART-2-OF-2/" + data9: string(rows(leastChunk, 3)),
	}
	if len(reply.Stream.Files) != len(want) || len(content) != len(want) {
		t.Errorf("the trailer names %v", reply.Stream.Files)
	}
	for _, file := range reply.Stream.Files {
		if content[file.Name] != want[file.Name] || file.Size != int64(len(want[file.Name])) {
			t.Errorf("%s came with %d bytes, the trailer says %d, want %d", file.Name, len(content[file.Name]), file.Size, len(want[file.Name]))
		}
	}
	if len(reply.Stream.Notes) > 0 {
		t.Errorf("notes: %v", reply.Stream.Notes)
	}
}

func TestWhatIsNotAsItWasSentIsSentAnew(t *testing.T) {
	for _, tc := range []struct {
		name   string
		flags  int // of the data node's descriptor
		change func(f *follower, data *os.File) error
		says   string
	}{
		{name: "a byte anywhere, by a data node that does not only append", says: "was written anew after it had been sent", change: func(_ *follower, data *os.File) error {
			_, err := data.WriteAt([]byte("anew"), leastChunk+5)
			return err
		}},
		{name: "the head, of a file that was only appended to when it was begun", flags: os.O_APPEND, says: "was written anew", change: func(f *follower, _ *os.File) error {
			_, err := f.file(data9, 0).WriteAt([]byte("head"), 0)
			return err
		}},
		{name: "cut short, and longer than before in the end", flags: os.O_APPEND, says: "was cut short", change: func(f *follower, data *os.File) error {
			if err := data.Truncate(10); err != nil {
				return err
			}
			time.Sleep(5 * followEvery)
			f.write(data, rows(3*leastChunk, 9))
			return nil
		}},
		{name: "cut short in the end", flags: os.O_APPEND, says: "was cut short", change: func(_ *follower, data *os.File) error { return data.Truncate(2*leastChunk - 1) }},
		{name: "another file in its place", flags: os.O_APPEND, says: "another file", change: func(f *follower, data *os.File) error {
			if err := os.Remove(data.Name()); err != nil {
				return err
			}
			f.write(f.file(data9, os.O_APPEND), rows(2*leastChunk, 8))
			return nil
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := following9(t)
			f.write(f.file(ctl9, os.O_APPEND), []byte("meta"))
			f.write(f.file(log9, os.O_APPEND), []byte("log"))
			data := f.file(data9, tc.flags)
			f.write(data, rows(2*leastChunk, 1))
			f.until(2 * leastChunk)
			if err := tc.change(f, data); err != nil {
				t.Fatal(err)
			}
			f.closeAll()
			reply, content := f.complete()
			if err := reply.Err(); err != nil {
				t.Fatal(err)
			}
			is, err := os.ReadFile(filepath.Join(f.dir, data9))
			if err != nil {
				t.Fatal(err)
			}
			if content[data9] != string(is) {
				t.Error("what came is not what the file is")
			}
			if notes := strings.Join(reply.Stream.Notes, "; "); !strings.Contains(notes, data9+" was sent anew in whole") || !strings.Contains(notes, tc.says) {
				t.Errorf("notes: %s", notes)
			}
		})
	}
}

func TestAFollowedPartThatIsNotWholeIsNone(t *testing.T) {
	grown := func(f *follower) {
		f.write(f.file(data9, os.O_APPEND), rows(leastChunk, 1))
		f.until(leastChunk)
	}
	for _, tc := range []struct {
		name string
		do   func(f *follower)
		says string
	}{
		{name: "a file is removed", says: "was removed while it was followed", do: func(f *follower) {
			grown(f)
			f.write(f.file(ctl9, os.O_APPEND), []byte("meta"))
			if err := os.Remove(filepath.Join(f.dir, data9)); err != nil {
				f.t.Error(err)
			}
		}},
		{name: "nothing was ever written", says: "there is no backup 9 of ndb-11", do: func(*follower) {}},
		{name: "all of it is removed, as by an abort", says: "there is no backup 9 of ndb-11", do: func(f *follower) {
			grown(f)
			if err := os.RemoveAll(f.dir); err != nil {
				f.t.Error(err)
			}
		}},
		{name: "something that NDB does not make", says: "no file that NDB makes", do: func(f *follower) { f.write(f.file("notes.txt", 0), []byte("x")) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := following9(t)
			tc.do(f)
			f.closeAll()
			_ = f.tell.End() // it may have ended by itself
			if o := <-f.outcome; o.err != nil || o.reply.Done || !strings.Contains(o.reply.Error, tc.says) {
				t.Errorf("%+v %v", o.reply, o.err)
			}
		})
	}
	t.Run("a file is still open for writing", func(t *testing.T) {
		f := following9(t)
		grown(f)
		if reply, _ := f.complete(); !strings.Contains(reply.Error, "still writes files of backup 9") {
			t.Errorf("%+v", reply)
		}
	})
	t.Run("the client goes away", func(t *testing.T) {
		f := following9(t)
		grown(f)
		if err := f.hangUp(); err != nil {
			t.Fatal(err)
		}
		if o := <-f.outcome; o.reply.Done || !strings.Contains(o.reply.Error, "went away before the backup was complete") {
			t.Errorf("%+v %v", o.reply, o.err)
		}
	})
	t.Run("the client sends something else", func(t *testing.T) {
		f := following9(t)
		go func() { _, _ = f.tell.Write([]byte("x")) }() // what is behind the head is never read; ends when the pipe is closed
		if o := <-f.outcome; o.reply.Done || !strings.Contains(o.reply.Error, "where it should say") {
			t.Errorf("%+v %v", o.reply, o.err)
		}
	})
	t.Run("a node that is no data node", func(t *testing.T) {
		s, _ := newDataNode(t)
		s.Fleet.Clusters[0].Data[0].Role = "sql"
		r := ndbRequest(node.Collect, 9)
		r.Follow = true
		var wire bytes.Buffer
		if reply := s.Stream(t.Context(), r, nil, &wire); !strings.Contains(reply.Refused, "no data node") {
			t.Errorf("%+v", reply)
		}
	})
}
