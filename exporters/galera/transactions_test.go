package galera

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/wsrep"
)

func TestTheOldestAndTheLargestTransactionOfClients(t *testing.T) {
	seen := threads{{id: "1", user: replicates}, {id: "9", user: "app"}, {id: "10", user: "app"}}
	open := func(thread, modified, began string) map[string]string {
		return map[string]string{"thread": thread, "modified": modified, "began": began}
	}
	for _, c := range []struct {
		name     string
		open     []map[string]string
		oldest   wsrep.Real
		modified wsrep.Int
	}{
		{name: "there is none"},
		{"they need not be the same", []map[string]string{open("9", "3", "100"), open("10", "5", "200")}, at(100), wsrep.Int{Value: 5, Known: true}},
		{"one that reads is one too", []map[string]string{open("9", "0", "100")}, at(100), wsrep.Int{Known: true}},
		{name: "an applier's is none", open: []map[string]string{open("1", "9", "1")}},
		{name: "one that is prepared and has no thread", open: []map[string]string{open("0", "9", "1")}},
		{name: "one whose client is gone by now", open: []map[string]string{open("11", "9", "1")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			oldest, modified := ofClients(c.open, seen)
			if oldest != c.oldest || modified != c.modified {
				t.Errorf("got %v, %v; want %v, %v", oldest, modified, c.oldest, c.modified)
			}
		})
	}
}

func TestThreads(t *testing.T) {
	got := listThreads(threadList, "7", at(1795473010))
	if text := fmt.Sprint(got); strings.Contains(text, "hunter2") {
		t.Errorf("keeps a statement's text: %s", text)
	}
	want := thread{id: "12", user: "dba", host: "localhost", command: "Query", state: metadataLock, since: at(1795473000)}
	if diff := cmp.Diff(&want, got.byID()["12"], cmp.AllowUnexported(thread{})); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if _, ok := got.byID()["7"]; ok {
		t.Error("has our own thread")
	}
	if oldest := got.oldestQuery(); oldest != at(1795472999) {
		t.Errorf("the oldest statement began at %v", oldest)
	}
	if oldest := listThreads(threadList, "7", wsrep.Real{}).oldestQuery(); oldest.Known {
		t.Errorf("of a server whose time is not known, the oldest statement began at %v", oldest)
	}
}
