package ndb

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/inventory"
)

func TestHowMuchWasRestored(t *testing.T) {
	for _, c := range []struct {
		name, said string
		want       restored
		err        string
	}{
		{name: "at the end", said: "Restored 900 tuples and 8 log entries\n\nNDBT_ProgramExit: 0 - OK", want: restored{900, 8}},
		{name: "the last of several threads' words is the sum", said: "Restored 1 tuples and 0 log entries\nRestored 3 tuples and 2 log entries", want: restored{3, 2}},
		{name: "nothing said", said: "bye", err: "does not say"},
		{name: "nonsense", said: "Restored 99999999999999999999999 tuples and 0 log entries", err: "ndb_restore says"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := restoredOf(c.said)
			if got != c.want || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestSizeOfAThrowawayCluster(t *testing.T) {
	config := []byte("# text\n\n[SYSTEM]\nMaxNoOfTables=9\n\n[ndbd(DB)]\nNodeId=11\nMaxNoOfTables=400\nMaxNoOfAttributes=x\n\n[ndbd(DB)]\nNodeId=12\nMaxNoOfTables=500\n\n[mysqld(API)]\nMaxNoOfTables=900\n")
	s := sizeOf(About{Memory: 4 << 30, Nodes: map[int][]File{11: {{"a", 1 << 30}}, 12: {{"b", 1 << 30}}}}, config)
	if s.dataMemory != 5<<30+64<<20 || s.limits["MaxNoOfTables"] != 500 || len(s.limits) != 1 || s.disk < 2<<30+15<<30 {
		t.Errorf("got %+v", s)
	}
	if s := sizeOf(About{Nodes: map[int][]File{11: {{"a", 1 << 30}}}}, nil); s.dataMemory != 3<<30+64<<20 {
		t.Errorf("where the memory is not known: %+v", s)
	}
	if n, err := available([]byte("MemTotal:  9 kB\nMemAvailable:   1024 kB\n")); n != 1<<20 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := available([]byte("MemTotal:  9 kB\n")); err == nil {
		t.Error("nothing is available, and that is no error")
	}
	if err := (size{disk: 1 << 60}).fits(t.TempDir()); err == nil || !strings.Contains(err.Error(), "make room") {
		t.Errorf("a disk that is too small: %v", err)
	}
	if err := (size{dataMemory: 1 << 60}).fits(t.TempDir()); err == nil || !strings.Contains(err.Error(), "larger host") {
		t.Errorf("a memory that is too small: %v", err)
	}
}

// tarred makes a tar of empty files.
func tarred(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzUntar: a tar from a host writes files of that backup, below the folder, and nothing else.
func FuzzUntar(f *testing.F) {
	f.Add(tarred(f, tar.Header{Name: "BACKUP-7.11.ctl", Mode: 0o600}, tar.Header{Name: "BACKUP-7-PART-1-OF-2/BACKUP-7.11.log", Mode: 0o600}))
	f.Add(tarred(f, tar.Header{Name: "../BACKUP-7.11.ctl", Mode: 0o600}))
	f.Add(tarred(f, tar.Header{Name: "BACKUP-7.11.ctl", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}))
	f.Add(tarred(f, tar.Header{Name: "BACKUP-7.11.ctl", Mode: 0o600}, tar.Header{Name: "BACKUP-7.11.ctl", Mode: 0o600}))
	f.Add(packed(f, entry{"BACKUP-7-0.11.Data@000000000000000", "ro"}, entry{"BACKUP-7-0.11.Data@000000000000002", "ws"}, entry{"BACKUP-7-0.11.Data", "rows"}))
	f.Add(packed(f, entry{"../BACKUP-7-0.11.Data@000000000000000", "ro"}))
	f.Fuzz(func(t *testing.T, text []byte) {
		root := t.TempDir()
		into := filepath.Join(root, "in")
		files, err := untar(bytes.NewReader(text), 11, 7, into)
		for _, f := range files { // what is left on disk is what counts
			if info, missing := os.Stat(filepath.Join(into, f.Name)); err == nil && (missing != nil || info.Size() != f.Size) {
				t.Errorf("%+v is said to be there: %v, %v", f, info, missing)
			}
		}
		entries, err := os.ReadDir(root)
		if err != nil || len(entries) > 1 || len(entries) == 1 && entries[0].Name() != "in" {
			t.Errorf("beside the folder: %v, %v", entries, err)
		}
		_ = filepath.WalkDir(into, func(path string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() && (!e.Type().IsRegular() || !strings.HasPrefix(e.Name(), "BACKUP-7")) {
				t.Errorf("%s was written", path)
			}
			return nil
		})
	})
}

func TestTextAndScript(t *testing.T) {
	if got := text("a'b\\c\n"); got != `'a''b\\c\n'` {
		t.Errorf("got %s", got)
	}
	if got := quote("a`b"); got != "`a``b`" {
		t.Errorf("got %s", got)
	}
	s := newScript()
	s.whole("CREATE PROCEDURE p() BEGIN SELECT ';;'; END")
	if !strings.Contains(s.b.String(), "DELIMITER ;;;\nCREATE PROCEDURE p() BEGIN SELECT ';;'; END;;;\nDELIMITER ;\n") {
		t.Errorf("got %s", s.b.String())
	}
}

func TestTheSumOfATable(t *testing.T) {
	got, err := sumQuery(table{"a`b", "c"}, [][2]string{{"n`", "int"}, {"body", "longtext"}})
	const want = "SELECT CONCAT('kagu1:', COALESCE(SUM(CAST(CONV(LEFT(SHA2(CONCAT_WS(',', COALESCE(HEX(CAST(`n``` AS BINARY)), '-'), " +
		"COALESCE(SHA2(CAST(`body` AS BINARY), 256), '-')), 256), 15), 16, 10) AS UNSIGNED)), 0)) FROM `a``b`.`c`"
	if got != want || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := sumQuery(table{"a", "b"}, nil); err == nil {
		t.Error("a table without columns was summed up")
	}
}

func TestTheTreeOfNDB(t *testing.T) {
	t.Setenv(homeVariable, "")
	if _, err := home(inventory.Scratch{}); err == nil || !strings.Contains(err.Error(), "backup.scratch.ndb") {
		t.Errorf("none: %v", err)
	}
	if _, err := home(inventory.Scratch{NDB: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "has no bin/ndb_mgmd") {
		t.Errorf("an empty one: %v", err)
	}
}
