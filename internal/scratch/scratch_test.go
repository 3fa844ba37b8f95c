package scratch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func claim(t *testing.T, path string, keep bool) *Folder {
	t.Helper()
	f, err := Claim(path, keep)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Kill(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return f
}

// orphan makes the folder one of a process that is gone, as a killed one leaves it.
func orphan(t *testing.T, f *Folder) {
	t.Helper()
	f.mark.Owner.Start++
	text, err := json.Marshal(f.mark)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.File(markFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func launch(t *testing.T, f *Folder) <-chan error {
	t.Helper()
	ended, err := f.Launch(f.File("log"), "/bin/sleep", "600")
	if err != nil {
		t.Fatal(err)
	}
	return ended
}

func TestWhatRunsInAFolderEndsWithIt(t *testing.T) {
	root := t.TempDir()
	f, other := claim(t, filepath.Join(root, "a"), false), claim(t, filepath.Join(root, "b"), false)
	ended := launch(t, f)
	launch(t, other)
	if err := f.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-ended
	if _, err := os.Stat(f.Path); !os.IsNotExist(err) {
		t.Errorf("the folder: %v", err)
	}
	if alive, err := other.Alive(); !alive || err != nil {
		t.Errorf("that of another folder was ended: %v", err)
	}
	if err := other.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestSweepRemovesWhatADeadProcessLeft(t *testing.T) {
	root := t.TempDir()
	dead, kept, ours := claim(t, filepath.Join(root, "dead"), false), claim(t, filepath.Join(root, "kept"), true), claim(t, filepath.Join(root, "ours"), false)
	ended := launch(t, dead)
	orphan(t, dead)
	orphan(t, kept)
	foreign := filepath.Join(root, "foreign")
	if err := os.Mkdir(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	<-ended
	for path, want := range map[string]bool{dead.Path: false, kept.Path: true, ours.Path: true, foreign: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
	if err := Sweep(t.Context(), filepath.Join(root, "nowhere")); err != nil {
		t.Error(err)
	}
}

func TestAFolderWithSomethingElseInItIsNotClaimed(t *testing.T) {
	path := t.TempDir()
	if err := os.WriteFile(filepath.Join(path, "letter"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Claim(path, false); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("got %v", err)
	}
}

func TestAFolderOfOursIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	first := claim(t, path, true)
	ended := launch(t, first)
	again := claim(t, path, true)
	if err := again.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-ended
}
