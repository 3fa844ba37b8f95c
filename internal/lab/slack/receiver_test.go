package slack_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kagu-db/kagu/internal/lab/slack"
)

func receiver(t *testing.T) (url, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "slack.jsonl")
	r, err := slack.NewReceiver(file)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(r.Handler())
	t.Cleanup(func() {
		s.Close()
		r.Close()
	})
	return s.URL, file
}

func post(t *testing.T, url, body string) int {
	t.Helper()
	answer, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

func TestReceiverKeepsAndShows(t *testing.T) {
	url, file := receiver(t)
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"a message", `{"text":"<script>alert(1)</script> & more"}`, 200},
		{"no JSON", `hello`, 400},
		{"two megabytes", `{"text":"` + strings.Repeat("x", 2<<20) + `"}`, 413},
	} {
		if got := post(t, url+"/services/lab", c.body); got != c.status {
			t.Errorf("%s: status %d, want %d", c.name, got, c.status)
		}
	}
	said, err := slack.Read(file)
	if err != nil || len(said) != 1 || said[0].Text != "<script>alert(1)</script> & more" {
		t.Errorf("kept %+v, error %v", said, err)
	}
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(page), "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more") {
		t.Errorf("the page does not show it as text: %v\n%s", err, page)
	}
}

func TestReceiverKeepsWhatManySayAtOnce(t *testing.T) {
	url, file := receiver(t)
	const speakers, lines = 8, 25
	var all sync.WaitGroup
	for s := range speakers {
		all.Go(func() {
			for i := range lines {
				post(t, url, fmt.Sprintf(`{"text":"%d %d"}`, s, i))
			}
		})
	}
	all.Wait()
	said, err := slack.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	unique := map[string]bool{}
	for _, m := range said {
		unique[m.Text] = true
	}
	if len(said) != speakers*lines || len(unique) != speakers*lines {
		t.Errorf("%d lines, %d different, want %d", len(said), len(unique), speakers*lines)
	}
}

func TestReadLeavesOutALineThatIsBeingWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slack.jsonl")
	if err := os.WriteFile(file, []byte(`{"text":"whole"}`+"\n"+`{"text":"ha`), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := slack.Read(file)
	if err != nil || len(said) != 1 || said[0].Text != "whole" {
		t.Errorf("got %+v, error %v", said, err)
	}
	if said, err := slack.Read(file + ".none"); err != nil || said != nil {
		t.Errorf("a file that is not there: got %+v, error %v", said, err)
	}
}
