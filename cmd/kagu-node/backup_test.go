package main_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/mbstream"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sshrun"
)

// A rig is a real cluster whose hosts are reached as backupd reaches them.
type rig struct {
	*testing.T
	*lab.Lab
	fleet  *inventory.Fleet
	client node.Client
	ids    int

	foreign []string // folders that were left by others on this machine
}

func newRig(t *testing.T, o lab.Options) *rig {
	t.Helper()
	needs.Servers(t)
	needs.Program(t, "mariadb-backup", "mariadb-backup")
	o.Services = []lab.Service{lab.SSH}
	l := labtest.Up(t, o)
	fleet, err := inventory.Load(l.Config())
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := filepath.Glob("/run/kagu-backup-*")
	if err != nil {
		t.Fatal(err)
	}
	return &rig{T: t, Lab: l, fleet: fleet, client: node.Client{SSH: sshrun.Runner{Account: fleet.SSH}}, foreign: foreign}
}

func (r *rig) host(name string) inventory.Host { return r.fleet.Hosts[name] }

// request asks for a verb on a node.
func (r *rig) request(verb node.Verb, name string) node.Request {
	r.ids++
	return node.Request{
		Verb: verb, Cluster: lab.ClusterName, Node: name,
		ID: fmt.Sprintf("test-%06d", r.ids), NotAfter: time.Now().Add(time.Minute), By: "backupd",
	}
}

// backup takes a backup into memory.
func (r *rig) backup(request node.Request) (node.Reply, []byte) {
	r.Helper()
	var out bytes.Buffer
	reply, err := r.client.Stream(r.Context(), r.host(request.Node), request, &out)
	if err != nil {
		r.Fatal(err)
	}
	return reply, out.Bytes()
}

// undisturbed checks that nothing of a backup is left on a host: no desync, no lock, no note, no
// process, no folder.
func (r *rig) undisturbed(name string) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Minute)
	defer cancel()
	if err := r.AwaitStatus(ctx, name, "wsrep_local_state_comment", "Synced"); err != nil {
		r.Error(err)
	}
	if err := r.AwaitStatus(ctx, name, "wsrep_desync_count", "0"); err != nil {
		r.Error(err)
	}
	left := func() (what string) {
		notes, _ := filepath.Glob(filepath.Join(r.Dir, "ssh-"+name, "state", "*", "backup.json"))
		folders, _ := filepath.Glob("/run/kagu-backup-*")
		folders = slices.DeleteFunc(folders, func(dir string) bool { return slices.Contains(r.foreign, dir) })
		for _, pid := range r.tools("mariadb-backup", "desync-watchdog") {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			what += fmt.Sprintf(" process %d %q", pid, line)
		}
		if len(notes)+len(folders) > 0 {
			what += fmt.Sprint(notes, folders)
		}
		return what
	}
	for left() != "" {
		if ctx.Err() != nil {
			r.Errorf("left on the host: %s", left())
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	reply, err := r.client.Do(ctx, r.host(name), r.request(node.Report, name))
	if err != nil || reply.State.Desynced != nil {
		r.Errorf("report: %v %+v", err, reply)
	}
}

// tools lists the processes of this lab whose command lines hold one of the words.
func (r *rig) tools(words ...string) []int {
	var pids []int
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range all {
		env, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(env, []byte("KAGU_LAB="+r.ID)) {
			continue
		}
		line, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if err == nil && slices.ContainsFunc(words, func(word string) bool { return bytes.Contains(line, []byte(word)) }) {
			var pid int
			_, _ = fmt.Sscanf(filepath.Base(filepath.Dir(path)), "%d", &pid)
			pids = append(pids, pid)
		}
	}
	return pids
}

// walk reads every file below a folder.
func walk(dir string, each func(path string, text []byte)) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil {
			each(path, text)
		}
		return err
	})
}

// takesBackups is what backupd does on a good day.
func (r *rig) takesBackups(t *testing.T) {
	if err := r.SQL(t.Context(), "n1", "CREATE TABLE kagu_lab.rows_ (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(100))", "INSERT INTO kagu_lab.rows_ (text) VALUES ('one'), ('two')"); err != nil {
		t.Fatal(err)
	}
	request := r.request(node.Backup, "n2")
	request.Desync, request.Parallel, request.Rate = true, 2, 1<<30
	full, stream := r.backup(request)
	if err := full.Err(); err != nil {
		t.Fatal(err)
	}
	got := full.Stream
	status, err := r.Wsrep(t.Context(), "n2")
	if err != nil {
		t.Fatal(err)
	}
	if got.Bytes != uint64(len(stream)) || got.FromLSN != 0 || got.ToLSN == 0 || got.LastLSN < got.ToLSN || got.UUID != status["wsrep_cluster_state_uuid"] ||
		fmt.Sprint(got.Seqno) != status["wsrep_last_committed"] || !strings.HasPrefix(got.Tool, "1") || !strings.Contains(got.Server, "MariaDB") || !got.Desynced ||
		got.Lineage == "" || got.Binlog != nil || got.Ended.Before(got.Began) || len(got.Notes) > 0 {
		t.Errorf("%d bytes, %+v, cluster %s:%s", len(stream), got, status["wsrep_cluster_state_uuid"], status["wsrep_last_committed"])
	}
	scan := &mbstream.Scanner{Sums: true}
	if _, err := io.Copy(scan, bytes.NewReader(stream)); err != nil || scan.Close() != nil {
		t.Errorf("the stream is not whole: %v %v", err, scan.Close())
	}
	r.undisturbed("n2")

	next := r.request(node.Backup, "n2")
	next.Since, next.Lineage = got.ToLSN, got.Lineage
	reply, more := r.backup(next)
	if err := reply.Err(); err != nil {
		t.Fatal(err)
	}
	if reply.Stream.FromLSN != got.ToLSN || len(more) >= len(stream)/2 || reply.Stream.Desynced {
		t.Errorf("%d bytes after %d, %+v", len(more), len(stream), reply.Stream)
	}
}

// query counts the rows of the table.
func query(t *testing.T, config *mysql.Config) (rows int) {
	t.Helper()
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM kagu_lab.rows_").Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}
