package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/goldentest"
)

// ndbExample is a lab that was never started, with ports that do not depend on the machine.
func ndbExample(t *testing.T, data int) *Lab {
	t.Helper()
	l := &Lab{
		ID: "example", Dir: t.TempDir(), Kind: cluster.KindNDB, Home: "/opt/ndb", Network: "127.7.7",
		Parameters: map[string]string{"DataMemory": "80M"},
	}
	o := Options{Management: 2, Data: data, SQL: 2}
	if err := (ndbKind{}).place(l, o, book{}); err != nil {
		t.Fatal(err)
	}
	for i := range l.Nodes {
		n := &l.Nodes[i]
		n.Dir = "/lab/" + n.Name
		switch n.Role {
		case cluster.RoleManagement:
			n.Port = 20000 + n.ID
		case cluster.RoleData:
			n.Port = 11860
		case cluster.RoleSQL:
			n.SQL = 3306
		}
	}
	return l
}

func TestNDBConfiguration(t *testing.T) {
	text, err := ndbExample(t, 4).ndbConfigText()
	if err != nil {
		t.Fatal(err)
	}
	goldentest.Compare(t, filepath.Join("testdata", "config.ini"), text)
}

func TestNDBCommandLines(t *testing.T) {
	l := ndbExample(t, 2)
	var text strings.Builder
	for _, n := range l.Nodes {
		text.WriteString(n.Name + "\n  " + strings.ReplaceAll(strings.Join(l.ndbArgv(n), "\n  "), l.Dir, "/lab") + "\n")
	}
	goldentest.Compare(t, filepath.Join("testdata", "ndb_argv.txt"), text.String())
}

func TestANodeKnowsItsOwnCommandLineOnly(t *testing.T) {
	l := ndbExample(t, 4)
	for _, n := range l.Nodes {
		for _, other := range l.Nodes {
			if got := (ndbKind{}).serves(l, n, l.ndbArgv(other)); got != (n.Name == other.Name) {
				t.Errorf("%s takes the process of %s for its own: %t", n.Name, other.Name, got)
			}
		}
		if (ndbKind{}).serves(l, n, nil) {
			t.Errorf("%s takes a process without arguments for its own", n.Name)
		}
	}
}

func TestWordsForSeveralNodes(t *testing.T) {
	l := ndbExample(t, 4)
	for word, want := range map[string]string{
		"d3":         "d3",
		"management": "m1 m2",
		"data":       "d1 d2 d3 d4",
		"sql":        "s1 s2",
		"group-0":    "d1 d2",
		"group-1":    "d3 d4",
		"all":        "m1 m2 d1 d2 d3 d4 s1 s2",
		"group-2":    "",
		"group--1":   "",
		"group-x":    "",
		"d9":         "",
		"":           "",
	} {
		nodes, err := l.Select(word)
		var names []string
		for _, n := range nodes {
			names = append(names, n.Name)
		}
		if diff := cmp.Diff(want, strings.Join(names, " ")); diff != "" || (err != nil) != (want == "") {
			t.Errorf("%q: error %v, want - got +\n%s", word, err, diff)
		}
	}
}

func TestWhatIsSaidOfAMissingTree(t *testing.T) {
	half := t.TempDir()
	if err := os.Mkdir(filepath.Join(half, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	for home, want := range map[string]string{
		"":       "KAGU_NDB_HOME is not set; unpack a MySQL NDB Cluster tree",
		"ndb":    "KAGU_NDB_HOME=ndb is not a complete path",
		"/no/wh": "KAGU_NDB_HOME=/no/wh has no bin/ndb_mgmd",
		half:     "has no bin/ndb_mgmd; unpack a MySQL NDB Cluster tree (Oracle's tarball, for one) and point KAGU_NDB_HOME at the folder that has bin/ndb_mgmd in it",
	} {
		t.Setenv(NDBHome, home)
		_, err := Up(t.Context(), Options{Kind: cluster.KindNDB})
		if _, ok := err.(*MissingError); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want a MissingError that says %s", home, err, want)
		}
	}
}
