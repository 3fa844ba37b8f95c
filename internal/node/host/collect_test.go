package host

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// newDataNode is a host with an NDB data node that holds backups 7 and 8.
func newDataNode(t *testing.T) (s *Server, base string) {
	t.Helper()
	base = t.TempDir()
	for _, id := range []string{"7", "8"} {
		for _, name := range []string{
			"BACKUP-" + id + ".11.ctl", "BACKUP-" + id + "-0.11.Data", "BACKUP-" + id + ".11.log",
			"BACKUP-" + id + "-PART-1-OF-2/BACKUP-" + id + ".11.ctl", "BACKUP-" + id + "-PART-2-OF-2/BACKUP-" + id + "-0.11.Data",
		} {
			put(t, filepath.Join(base, "BACKUP", "BACKUP-"+id, name), "content of "+name)
		}
	}
	s = New(&inventory.Fleet{Clusters: []inventory.Cluster{{Name: "voip", Kind: cluster.KindNDB, Data: []inventory.Node{
		{Name: "ndb-11", ID: 11, Role: cluster.RoleData, Host: inventory.Host{Name: "d1"}, DataDir: "/nonexistent", BackupDir: base, Service: "ndbmtd.service"},
	}}}}, "d1", filepath.Join(t.TempDir(), "state"))
	s.now = func() time.Time { return noon }
	return s, base
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestCollectAndDiscard(t *testing.T) {
	s, base := newDataNode(t)
	reply, content := collect(t, s, 7)
	if err := reply.Err(); err != nil {
		t.Fatal(err)
	}
	if len(content) != 5 || len(reply.Stream.Files) != 5 {
		t.Errorf("%d files in the tar, the trailer names %v", len(content), reply.Stream.Files)
	}
	for _, f := range reply.Stream.Files {
		if content[f.Name] != "content of "+f.Name || int64(len(content[f.Name])) != f.Size {
			t.Errorf("%s: %q", f.Name, content[f.Name])
		}
	}
	discarded(t, s, 7, "")
	if left := entries(t, filepath.Join(base, "BACKUP")); !slices.Equal(left, []string{"BACKUP-8"}) {
		t.Errorf("left: %v", left)
	}
	if _, content := collect(t, s, 8); len(content) != 5 {
		t.Errorf("of backup 8 are left %d files", len(content))
	}
}

func TestNothingButWhatNDBMadeIsTouched(t *testing.T) {
	for _, tc := range []struct {
		name    string
		prepare func(t *testing.T, dir string)
		says    string
	}{
		{name: "a file that NDB does not make", says: "no file that NDB makes", prepare: func(t *testing.T, dir string) { put(t, dir+"/notes.txt", "x") }},
		{name: "a file of another backup", says: "no file that NDB makes", prepare: func(t *testing.T, dir string) { put(t, dir+"/BACKUP-70.11.ctl", "x") }},
		{name: "a folder that NDB does not make", says: "no folder that NDB makes", prepare: func(t *testing.T, dir string) { put(t, dir+"/old/BACKUP-7.11.ctl", "x") }},
		{name: "a symbolic link among the files", says: "no file that NDB makes", prepare: func(t *testing.T, dir string) {
			link(t, "/etc/passwd", dir+"/BACKUP-7-1.11.Data")
		}},
		{name: "a symbolic link for a folder", says: "no file that NDB makes", prepare: func(t *testing.T, dir string) {
			link(t, t.TempDir(), dir+"/BACKUP-7-PART-3-OF-3")
		}},
		{name: "a symbolic link for the backup", says: "is no folder", prepare: func(t *testing.T, dir string) {
			if err := os.Rename(dir, dir+"-moved"); err != nil {
				t.Fatal(err)
			}
			link(t, dir+"-moved", dir)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, base := newDataNode(t)
			tc.prepare(t, filepath.Join(base, "BACKUP", "BACKUP-7"))
			before := tree(t, base)
			if reply, _ := collect(t, s, 7); !strings.Contains(reply.Refused, tc.says) {
				t.Errorf("collect: %+v", reply)
			}
			discarded(t, s, 7, tc.says)
			if after := tree(t, base); !slices.Equal(before, after) {
				t.Errorf("it was touched: %v, then %v", before, after)
			}
		})
	}
	t.Run("another node's files in the same folder stay", func(t *testing.T) {
		s, base := newDataNode(t)
		put(t, filepath.Join(base, "BACKUP", "BACKUP-7", "BACKUP-7.12.ctl"), "x")
		if reply, content := collect(t, s, 7); len(content) != 5 || content["BACKUP-7.12.ctl"] != "" {
			t.Errorf("%v %v", reply, content)
		}
		discarded(t, s, 7, "")
		if left := tree(t, filepath.Join(base, "BACKUP", "BACKUP-7")); !slices.Contains(left, "BACKUP-7.12.ctl") || slices.Contains(left, "BACKUP-7.11.ctl") {
			t.Errorf("left: %v", left)
		}
	})
}

// A data node that gives a backup up removes its files and leaves the folder.
func TestABackupThatIsGoneIsDiscarded(t *testing.T) {
	for _, tc := range []struct {
		name    string
		prepare func(t *testing.T, base string)
		left    []string // of BACKUP
		says    string
	}{
		{name: "no such backup", left: []string{"BACKUP-7", "BACKUP-8"}},
		{name: "its folder is empty", prepare: func(t *testing.T, base string) { folder(t, base+"/BACKUP/BACKUP-9") }, left: []string{"BACKUP-7", "BACKUP-8"}},
		{name: "folders of its threads are empty", prepare: func(t *testing.T, base string) {
			folder(t, base+"/BACKUP/BACKUP-9/BACKUP-9-PART-1-OF-2")
			folder(t, base+"/BACKUP/BACKUP-9/BACKUP-9-PART-2-OF-2")
		}, left: []string{"BACKUP-7", "BACKUP-8"}},
		{name: "only another node's files are there", prepare: func(t *testing.T, base string) { put(t, base+"/BACKUP/BACKUP-9/BACKUP-9.12.ctl", "x") }, left: []string{"BACKUP-7", "BACKUP-8", "BACKUP-9"}},
		{name: "something that NDB does not make is in its folder", prepare: func(t *testing.T, base string) { put(t, base+"/BACKUP/BACKUP-9/notes.txt", "x") }, left: []string{"BACKUP-7", "BACKUP-8", "BACKUP-9"}, says: "no file that NDB makes"},
		{name: "no backup was ever taken", prepare: func(t *testing.T, base string) { removed(t, base+"/BACKUP") }},
		{name: "the folder of backups is not where kagu.yaml says", prepare: func(t *testing.T, base string) { removed(t, base) }, says: "as backup_dir in kagu.yaml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, base := newDataNode(t)
			if tc.prepare != nil {
				tc.prepare(t, base)
			}
			if reply, _ := collect(t, s, 9); reply.Refused == "" {
				t.Errorf("collect: %+v", reply)
			}
			for range 2 { // twice is no harm
				discarded(t, s, 9, tc.says)
			}
			left, err := filepath.Glob(filepath.Join(base, "BACKUP", "*"))
			if err != nil {
				t.Fatal(err)
			}
			for i := range left {
				left[i] = filepath.Base(left[i])
			}
			if !slices.Equal(left, tc.left) {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// backupd breaks a stream off and removes the files at once, while kagu-node still writes down how the
// stream ended.
func TestADiscardWaitsForTheVerbBefore(t *testing.T) {
	s, base := newDataNode(t)
	unlock, err := s.nodeDir("voip", "ndb-11").lock()
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, unlock)
	discarded(t, s, 7, "")
	if left := entries(t, filepath.Join(base, "BACKUP")); !slices.Equal(left, []string{"BACKUP-8"}) {
		t.Errorf("left: %v", left)
	}
}

func folder(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func removed(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func ndbRequest(verb node.Verb, id uint32) node.Request {
	r := ask(verb, string(verb)+"-"+rand.Text())
	r.Cluster, r.Node, r.BackupID = "voip", "ndb-11", id
	return r
}

func collect(t *testing.T, s *Server, id uint32) (node.Reply, map[string]string) {
	t.Helper()
	var wire bytes.Buffer
	s.Stream(t.Context(), ndbRequest(node.Collect, id), nil, &wire)
	var stream bytes.Buffer
	reply, err := node.Receive(&wire, node.Collect, &stream, nil)
	if err != nil {
		t.Fatal(err)
	}
	content := map[string]string{}
	for archive := tar.NewReader(&stream); reply.Done; {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		content[head.Name] = string(text)
	}
	return reply, content
}

func discarded(t *testing.T, s *Server, id uint32, says string) {
	t.Helper()
	reply := s.Answer(t.Context(), ndbRequest(node.Discard, id))
	if reply.Done != (says == "") || !strings.Contains(reply.Refused, says) {
		t.Errorf("discard: %+v, want %q", reply, says)
	}
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func tree(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
