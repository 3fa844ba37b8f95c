package main_test

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/mbstream"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A look counts what passes of the redo log. It stands still before the first data until it is opened.
type look struct {
	mbstream.Scanner
	redo   atomic.Int64
	began  chan struct{}
	begin  func()
	opened chan struct{}
	open   func()
}

func newLook() *look {
	l := &look{Scanner: mbstream.Scanner{Sums: true}, began: make(chan struct{}), opened: make(chan struct{})}
	l.begin = sync.OnceFunc(func() { close(l.began) })
	l.open = sync.OnceFunc(func() { close(l.opened) })
	return l
}

func (l *look) Write(p []byte) (n int, err error) {
	for piece := range slices.Chunk(p, 1<<10) {
		file, left := l.Reading()
		switch file {
		case "ib_logfile0":
			l.redo.Add(int64(min(uint64(len(piece)), left)))
		case "ibdata1":
			l.begin()
			<-l.opened
		}
		if _, err := l.Scanner.Write(piece); err != nil {
			return n, err
		}
		n += len(piece)
	}
	return n, nil
}

// The redo log waits behind the data in the one pipe, so the rate must yield before the server overwrites
// what was not copied. However slow the machine is, the writer never lets that happen, and it is always
// far enough ahead before any data has passed.
func TestARateYieldsToTheRedoLog(t *testing.T) {
	r := newRig(t, lab.Options{Nodes: 2})
	ctx := t.Context()
	const ring, most = 32 << 20, 22 << 20
	if err := r.SQL(ctx, "n2", "SET GLOBAL innodb_log_file_size="+strconv.Itoa(ring)); err != nil {
		t.Fatal(err)
	}
	if err := r.SQL(ctx, "n2", "CREATE TABLE kagu_lab.large (id INT PRIMARY KEY, text LONGBLOB)"); err != nil {
		t.Fatal(err)
	}
	n2, err := r.Node("n2")
	if err != nil {
		t.Fatal(err)
	}
	db := sqlconn.Open(n2.SQLAddress(), r.fleet.Credentials["backup"], nil)
	defer db.Close()
	position := func() int64 {
		t.Helper()
		pairs, err := db.Pairs(ctx, "SHOW GLOBAL STATUS LIKE 'Innodb_lsn_current'")
		if err != nil {
			t.Fatal(err)
		}
		lsn, err := strconv.ParseInt(pairs["innodb_lsn_current"], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return lsn
	}

	request := r.request(node.Backup, "n2")
	request.Desync, request.Parallel, request.Rate = true, 1, node.MinRate
	seen, began := newLook(), position()
	defer seen.open()
	var reply node.Reply
	ended := make(chan error, 1)
	go func() {
		var err error
		reply, err = r.client.Stream(ctx, r.host("n2"), request, seen)
		ended <- err
	}()
	err = nil
	for id := 0; ; {
		select {
		case err = <-ended:
		case <-seen.began:
			if position()-began-seen.redo.Load() < most {
				// A MiB of one byte would be next to nothing in the redo log.
				if err := r.SQL(ctx, "n2", "REPLACE INTO kagu_lab.large VALUES ("+strconv.Itoa(id%16)+", REPEAT(HEX(RANDOM_BYTES(1024)), 512))"); err != nil {
					t.Fatal(err)
				}
				id++
				continue
			}
			seen.open()
			time.Sleep(50 * time.Millisecond)
			continue
		}
		break
	}
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := seen.Close(); err != nil {
		t.Error(err)
	}
	if !slices.ContainsFunc(reply.Stream.Notes, func(note string) bool { return strings.HasPrefix(note, "the rate was lifted for ") }) {
		t.Errorf("it does not tell that the rate did not hold: %q", reply.Stream.Notes)
	}
	r.undisturbed("n2")
}
