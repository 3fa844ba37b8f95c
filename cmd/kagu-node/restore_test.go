package main_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/wsrep"
)

func partOf(stream []byte) node.Part {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(stream)), nil }
}

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func (r *rig) restore(name string, consent bool, parts ...node.Part) (node.Reply, error) {
	request := r.request(node.Restore, name)
	if consent {
		request.Operator, request.Consent = true, lab.ClusterName+"/"+name
	}
	return r.client.Upload(r.Context(), r.host(name), request, parts...)
}

// count asks a node how many rows the table holds.
func (r *rig) count(name string) int {
	r.Helper()
	config, err := r.WriterConfig(r.node(name).SQLAddress())
	if err != nil {
		r.Fatal(err)
	}
	return query(r.T, config)
}

func (r *rig) node(name string) lab.Node {
	r.Helper()
	n, err := r.Lab.Node(name)
	if err != nil {
		r.Fatal(err)
	}
	return n
}

func TestADestroyedMemberIsRebuiltAndJoinsByIST(t *testing.T) {
	r := newRig(t, lab.Options{Nodes: 3, BinLog: true})
	ctx := t.Context()
	sql := func(statements ...string) {
		t.Helper()
		if err := r.SQL(ctx, "n1", statements...); err != nil {
			t.Fatal(err)
		}
	}
	sql("CREATE TABLE kagu_lab.rows_ (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(100))", "INSERT INTO kagu_lab.rows_ (text) SELECT seq FROM kagu_lab.seq_1_to_1000")
	full, fullStream := r.backup(r.request(node.Backup, "n2"))
	if err := full.Err(); err != nil {
		t.Fatal(err)
	}
	if b := full.Stream.Binlog; b == nil || !strings.HasPrefix(b.File, "binlog.") || b.Pos == 0 || b.GTID == "" {
		t.Errorf("position in the binary log: %+v", b)
	}
	sql("INSERT INTO kagu_lab.rows_ (text) SELECT seq FROM kagu_lab.seq_1_to_500")
	next := r.request(node.Backup, "n2")
	next.Since, next.Lineage = full.Stream.ToLSN, full.Stream.Lineage
	more, moreStream := r.backup(next)
	if err := more.Err(); err != nil {
		t.Fatal(err)
	}
	sql("INSERT INTO kagu_lab.rows_ (text) SELECT seq FROM kagu_lab.seq_1_to_50") // only the cluster has these

	dir := r.node("n3").DataDir()
	refused := func(says string, reply node.Reply, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if _, no := errors.AsType[*node.Refusal](reply.Err()); !no || !strings.Contains(reply.Refused, says) {
			t.Errorf("want a refusal that says %q, got %+v", says, reply)
		}
	}
	failed := func(says string, reply node.Reply, err error) {
		t.Helper()
		if err == nil {
			err = reply.Err()
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want a failure that says %q, got %v", says, err)
		}
		if left := names(t, filepath.Dir(dir)); strings.Contains(strings.Join(left, " "), ".kagu-restore") {
			t.Errorf("left behind: %v", left)
		}
	}
	try := func(parts ...node.Part) (node.Reply, error) { return r.restore("n3", true, parts...) }

	reply, err := try(partOf(fullStream))
	refused("is running", reply, err)

	// n3 dies and most of its data with it.
	if err := r.Kill(ctx, "n3"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ibdata1", "ib_logfile0", "grastate.dat"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	before := names(t, dir)
	reply, err = r.restore("n3", false, partOf(fullStream))
	refused("consent", reply, err)

	flipped := bytes.Clone(fullStream)
	flipped[len(flipped)/2] ^= 1
	for _, tc := range []struct {
		says  string
		parts []node.Part
	}{
		{"no backup was sent", nil},
		{"no full backup", []node.Part{partOf(moreStream)}},
		{"only the first part", []node.Part{partOf(fullStream), partOf(fullStream)}},
		{"ends in the middle", []node.Part{partOf(fullStream[:len(fullStream)/2])}},
		{"mbstream", []node.Part{partOf(flipped)}},
		{"no chunk begins", []node.Part{partOf([]byte("GIF89a, and more of it"))}},
		{"the store is away", []node.Part{func(context.Context) (io.ReadCloser, error) { return nil, errors.New("the store is away") }}},
		{"the store broke", []node.Part{func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(fullStream[:1<<20]), broken{})), nil
		}}},
	} {
		reply, err := try(tc.parts...)
		failed(tc.says, reply, err)
	}
	if after := names(t, dir); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("the data directory was touched: %v, then %v", before, after)
	}

	// A restore that was killed leaves a folder; the next one clears it away.
	_, err = try(func(context.Context) (io.ReadCloser, error) {
		kill := then(func() { r.killProcess(r.process(theirNode)) })
		return io.NopCloser(io.MultiReader(bytes.NewReader(fullStream[:4<<20]), kill, bytes.NewReader(fullStream[4<<20:]))), nil
	})
	if err == nil {
		t.Error("a restore whose kagu-node was killed is called done")
	}
	if left, untouched := names(t, filepath.Dir(dir)), names(t, dir); !slices.Contains(left, filepath.Base(dir)+".kagu-restore") || strings.Join(untouched, " ") != strings.Join(before, " ") {
		t.Errorf("after the kill: %v, in the data directory %v", left, untouched)
	}
	began := time.Now()
	reply, err = try(partOf(fullStream), partOf(moreStream))
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("restored %d MB in %v", reply.Stream.Bytes>>20, time.Since(began).Round(time.Millisecond))
	if reply.Stream.Seqno != more.Stream.Seqno || reply.Stream.UUID != more.Stream.UUID || reply.Stream.Bytes != uint64(len(fullStream)+len(moreStream)) {
		t.Errorf("%+v, the backup was of %+v", reply.Stream, more.Stream)
	}
	if aside := names(t, reply.Stream.Aside); strings.Join(aside, " ") != strings.Join(before, " ") {
		t.Errorf("put aside: %v, want %v", aside, before)
	}
	text, err := os.ReadFile(filepath.Join(dir, "grastate.dat"))
	if err != nil {
		t.Fatal(err)
	}
	if saved, err := wsrep.ParseGrastate(bytes.NewReader(text)); err != nil || saved.Seqno != more.Stream.Seqno || saved.UUID != more.Stream.UUID {
		t.Errorf("grastate.dat: %v %s", err, text)
	}

	logged := logSize(t, r.node("n3"))
	if err := r.Start(ctx, "n3"); err != nil {
		t.Fatal(err)
	}
	if err := r.AwaitSynced(ctx); err != nil {
		t.Fatal(err)
	}
	if n := r.count("n3"); n != 1550 {
		t.Errorf("%d rows, want 1550", n)
	}
	log, err := os.ReadFile(r.node("n3").ErrorLog())
	if err != nil {
		t.Fatal(err)
	}
	log = log[logged:]
	// The script of the state transfer runs in both cases, and says at its end which one it was.
	if !bytes.Contains(log, []byte("IST completed on joiner")) || bytes.Contains(log, []byte("SST completed on joiner")) {
		t.Errorf("it did not join by IST:\n%s", log)
	}
	if !bytes.Contains(log, []byte(more.Stream.UUID+":"+strconv.FormatInt(more.Stream.Seqno, 10))) {
		t.Error("its log does not name the position of the backup")
	}

	t.Run("an incremental that follows a backup of before is refused", func(t *testing.T) {
		next := r.request(node.Backup, "n3")
		next.Since, next.Lineage = full.Stream.ToLSN, full.Stream.Lineage
		reply, err := r.client.Stream(ctx, r.host("n3"), next, io.Discard)
		refused("take a full one", reply, err)
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the store broke") }

// then does something when it is its turn to be read.
type then func()

func (f then) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

func logSize(t *testing.T, n lab.Node) int64 {
	t.Helper()
	info, err := os.Stat(n.ErrorLog())
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
