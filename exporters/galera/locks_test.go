package galera

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/wsrep"
)

func at(seconds float64) wsrep.Real { return wsrep.Real{Value: seconds, Known: true} }

func TestWhoHoldsRowsThatOthersWantAndWaitsForNobody(t *testing.T) {
	wait := func(waits, holds, thread, began string) map[string]string {
		return map[string]string{"waits": waits, "holds": holds, "since": "100", "began": began, "thread": thread, "user": "app", "host": "h:1"}
	}
	for _, c := range []struct {
		name string
		rows []map[string]string
		want blockage
	}{
		{"nobody waits any more", nil, blockage{}},
		{
			"one of a chain: whoever waits itself is no cause", withClients(rowWaits, listThreads(threadList, "7", at(1795473010))),
			blockage{oldest: at(1795472999), known: true, blockers: 1, worst: blocker{"9", "app", "10.0.0.7:50998", at(1795472998), 2}},
		},
		{
			"through another one, which the server does not say",
			[]map[string]string{wait("3", "2", "20", "90"), wait("2", "1", "10", "80")},
			blockage{oldest: at(100), known: true, blockers: 1, worst: blocker{"10", "app", "h:1", at(80), 2}},
		},
		{
			"of two the one that more wait for",
			[]map[string]string{wait("5", "1", "10", "10"), wait("6", "2", "20", "90"), wait("7", "2", "20", "90")},
			blockage{oldest: at(100), known: true, blockers: 2, worst: blocker{"20", "app", "h:1", at(90), 2}},
		},
		{
			"of two that as many wait for the older",
			[]map[string]string{wait("5", "1", "10", "90"), wait("6", "2", "20", "80")},
			blockage{oldest: at(100), known: true, blockers: 2, worst: blocker{"20", "app", "h:1", at(80), 1}},
		},
		{"a circle, which InnoDB is about to break, has no cause", []map[string]string{wait("1", "2", "20", "80"), wait("2", "1", "10", "80")}, blockage{oldest: at(100)}},
	} {
		t.Run(c.name, func(t *testing.T) { compare(t, c.want, rowBlockage(c.rows)) })
	}
}

func TestWhoHoldsATableThatOthersWant(t *testing.T) {
	held := func(thread, mode, kind, schema, table string) map[string]string {
		return map[string]string{"thread": thread, "mode": mode, "type": kind, "db": schema, "name": table, "began": "50", "user": "app", "host": "h:1"}
	}
	waits := threads{{id: "7", since: at(100)}}
	of := func(thread string, blockers int) blockage {
		return blockage{oldest: at(100), known: true, blockers: blockers, worst: blocker{thread, "app", "h:1", at(50), 1}}
	}
	for _, c := range []struct {
		name string
		held []map[string]string
		want blockage
	}{
		{"the plugin is not loaded: nobody is blamed", nil, blockage{oldest: at(100)}},
		{
			"who has the table that the schema change has too, not who has another one",
			[]map[string]string{
				held("7", "MDL_SHARED_UPGRADABLE", tableLock, "shop", "t"), held("7", "MDL_INTENTION_EXCLUSIVE", schemaLock, "shop", ""),
				held("3", "MDL_SHARED_READ", tableLock, "shop", "t"), held("2", "MDL_SHARED_READ", tableLock, "shop", "other"),
			},
			of("3", 1),
		},
		{
			"a DROP has no lock on its table yet: who has one in its schema",
			[]map[string]string{
				held("7", "MDL_INTENTION_EXCLUSIVE", schemaLock, "shop", ""), held("3", "MDL_SHARED_READ", tableLock, "shop", "t"),
				held("2", "MDL_SHARED_READ", tableLock, "billing", "t"),
			},
			of("3", 1),
		},
		{
			"a reader that waits has nothing: who has a lock that admits no reader",
			[]map[string]string{held("3", "MDL_SHARED_NO_READ_WRITE", tableLock, "shop", "t"), held("2", "MDL_SHARED_READ", tableLock, "shop", "t")},
			of("3", 1),
		},
		{"nobody who fits", []map[string]string{held("2", "MDL_SHARED_READ", tableLock, "shop", "t")}, blockage{oldest: at(100)}},
		{
			"one with many locks is one",
			[]map[string]string{
				held("7", "MDL_SHARED_UPGRADABLE", tableLock, "shop", "t"), held("3", "MDL_SHARED_READ", tableLock, "shop", "t"), held("3", "MDL_SHARED_WRITE", tableLock, "shop", "t"),
			},
			of("3", 1),
		},
	} {
		t.Run(c.name, func(t *testing.T) { compare(t, c.want, metadataBlockage(waits, c.held)) })
	}
}

func compare(t *testing.T, want, got blockage) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(blockage{}, blocker{})); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestClient(t *testing.T) {
	for host, want := range map[string]string{"10.0.0.7:51000": "10.0.0.7", "localhost": "localhost", "": "", "db:x": "db:x", "[::1]:3306": "[::1]"} {
		if got := client(host); got != want {
			t.Errorf("%q became %q", host, got)
		}
	}
}

// While nobody waits, the tables of locks are not read.
func TestLocksAreLeftAloneWhileNobodyWaits(t *testing.T) {
	db := tables{ // it fails at any other
		answers{statusQuery: {rowLockWaits: "0"}},
		map[string][]map[string]string{threadsQuery: crowd(1, 9, "app", "Sleep"), ownQuery: {{"thread": "7", "now": "100"}}},
	}
	if got := page(t, locks{newLook(target{db: db})}); got != nil {
		t.Errorf("got %v", got)
	}
}
