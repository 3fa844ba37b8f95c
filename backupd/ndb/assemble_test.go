package ndb

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/node"
)

// An entry of a tar with its content.
type entry struct{ name, text string }

// packed makes a tar.
func packed(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Mode: 0o600, Size: int64(len(e.text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAPartIsPutTogether(t *testing.T) {
	const data, log, ctl = "BACKUP-7-0.11.Data", "BACKUP-7.11.log", "BACKUP-7.11.ctl"
	at := node.ChunkName
	for _, c := range []struct {
		name    string
		entries []entry
		want    map[string]string
		err     string
	}{
		{name: "whole files, as they were collected before", entries: []entry{{data, "rows"}, {"BACKUP-7/" + ctl, "meta"}, {log, ""}}, want: map[string]string{data: "rows", ctl: "meta", log: ""}},
		{
			name: "chunks of files that grew side by side", entries: []entry{{at(data, 0), "ro"}, {at(log, 0), "ch"}, {at(data, 2), "w"}, {at(log, 2), "anges"}, {at(data, 3), "s"}, {ctl, "meta"}},
			want: map[string]string{data: "rows", log: "changes", ctl: "meta"},
		},
		{name: "a whole file after its chunks is the file", entries: []entry{{at(data, 0), "rows that were"}, {at(data, 14), " more"}, {data, "rows"}}, want: map[string]string{data: "rows"}},
		{name: "in folders of threads", entries: []entry{{at("BACKUP-7-PART-1-OF-2/"+data, 0), "a"}, {at("BACKUP-7-PART-2-OF-2/"+data, 0), "b"}, {at("BACKUP-7-PART-1-OF-2/"+data, 1), "c"}}, want: map[string]string{"BACKUP-7-PART-1-OF-2/" + data: "ac", "BACKUP-7-PART-2-OF-2/" + data: "b"}},
		{name: "a chunk is missing", entries: []entry{{at(data, 0), "ro"}, {at(data, 3), "s"}}, err: "begins at byte 3, and 2 came before"},
		{name: "the first chunk is missing", entries: []entry{{at(data, 2), "ws"}}, err: "begins at byte 2, and 0 came before"},
		{name: "a chunk comes twice", entries: []entry{{at(data, 0), "ro"}, {at(data, 0), "ro"}}, err: "begins at byte 0, and 2 came before"},
		{name: "a chunk after the whole", entries: []entry{{data, "rows"}, {at(data, 4), "x"}}, err: "follows the whole of it"},
		{name: "a file comes twice", entries: []entry{{data, "rows"}, {"BACKUP-7/" + data, "rows"}}, err: "follows the whole of it"},
		{name: "a chunk of something else", entries: []entry{{at("passwd", 0), "x"}}, err: "is not a file of backup 7"},
		{name: "a chunk that leads out", entries: []entry{{at("../"+data, 0), "x"}}, err: "is not a file of backup 7"},
		{name: "a chunk of a chunk", entries: []entry{{at(at(data, 0), 0), "x"}}, err: "is not a file of backup 7"},
		{name: "a chunk with no offset of ours", entries: []entry{{data + "@0", "x"}}, err: "is not a file of backup 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			into := t.TempDir()
			files, err := untar(bytes.NewReader(packed(t, c.entries...)), 11, 7, into)
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				return
			}
			got := map[string]string{}
			for _, f := range files {
				text, err := os.ReadFile(filepath.Join(into, f.Name))
				if err != nil || int64(len(text)) != f.Size {
					t.Errorf("%s has %d bytes, said are %d: %v", f.Name, len(text), f.Size, err)
				}
				got[f.Name] = string(text)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsUnpackedIsWhatWasCollected(t *testing.T) {
	collected := []File{{"BACKUP-7/BACKUP-7.11.ctl", 4}, {"BACKUP-7-0.11.Data", 9}}
	for _, c := range []struct {
		name     string
		unpacked []File
		err      string
	}{
		{name: "the same", unpacked: []File{{"BACKUP-7-0.11.Data", 9}, {"BACKUP-7.11.ctl", 4}}},
		{name: "the last chunk is missing", unpacked: []File{{"BACKUP-7-0.11.Data", 8}, {"BACKUP-7.11.ctl", 4}}, err: "had 9 bytes when it was collected, and has 8"},
		{name: "a file is missing", unpacked: []File{{"BACKUP-7-0.11.Data", 9}}, err: "BACKUP-7.11.ctl was collected and is not in the backup"},
		{name: "a file more", unpacked: []File{{"BACKUP-7-0.11.Data", 9}, {"BACKUP-7.11.ctl", 4}, {"BACKUP-7.11.log", 0}}, err: "BACKUP-7.11.log is in the backup and was not collected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := same(collected, c.unpacked)
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v", err)
			}
		})
	}
}
