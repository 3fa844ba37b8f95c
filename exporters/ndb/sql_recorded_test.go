package ndb

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kagu-db/kagu/internal/inventory"
)

// A recording is what SQL nodes answered, by node and statement. The file has a line "== NODE
// STATEMENT" for each, then the columns, then the rows; \N is NULL.
type recording map[string]map[string][]map[string]string

func readRecording(t *testing.T, file string) recording {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := recording{}
	var node, query string
	var columns []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		head, ok := strings.CutPrefix(lines.Text(), "== ")
		switch {
		case ok:
			node, query, _ = strings.Cut(head, " ")
			columns = nil
			if r[node] == nil {
				r[node] = map[string][]map[string]string{}
			}
			r[node][query] = nil
		case columns == nil:
			columns = strings.Split(lines.Text(), "\t")
		default:
			row := map[string]string{}
			for i, value := range strings.Split(lines.Text(), "\t") {
				if value != `\N` {
					row[columns[i]] = value
				}
			}
			r[node][query] = append(r[node][query], row)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return r
}

// write writes the recording. Paths of the machine are not for the repository.
func (r recording) write(t *testing.T, file, dir string) {
	t.Helper()
	var b strings.Builder
	for _, node := range slices.Sorted(maps.Keys(r)) {
		for _, query := range slices.Sorted(maps.Keys(r[node])) {
			fmt.Fprintf(&b, "== %s %s\n", node, query)
			set := map[string]bool{}
			for _, row := range r[node][query] {
				for c := range row {
					set[c] = true
				}
			}
			columns := slices.Sorted(maps.Keys(set))
			lines := make([]string, len(r[node][query]))
			for i, row := range r[node][query] {
				values := make([]string, len(columns))
				for k, c := range columns {
					if value, ok := row[c]; ok {
						values[k] = strings.NewReplacer("\t", " ", "\n", " ", dir, "/var/lib/ndb").Replace(value)
					} else {
						values[k] = `\N`
					}
				}
				lines[i] = strings.Join(values, "\t")
			}
			slices.Sort(lines)
			fmt.Fprintln(&b, strings.Join(columns, "\t"))
			for _, line := range lines {
				fmt.Fprintln(&b, line)
			}
		}
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A recorder passes on and keeps what a server answers.
type recorder struct {
	asker
	node string
	into recording
	mu   *sync.Mutex
}

func (r recorder) Pairs(ctx context.Context, query string) (map[string]string, error) {
	pairs, err := r.asker.Pairs(ctx, query)
	if err == nil {
		var rows []map[string]string
		for k, v := range pairs {
			rows = append(rows, map[string]string{"k": k, "v": v})
		}
		r.keep(query, rows)
	}
	return pairs, err
}

func (r recorder) Table(ctx context.Context, query string) ([]map[string]string, error) {
	rows, err := r.asker.Table(ctx, query)
	if err == nil {
		r.keep(query, rows)
	}
	return rows, err
}

func (r recorder) keep(query string, rows []map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.into[r.node] == nil {
		r.into[r.node] = map[string][]map[string]string{}
	}
	r.into[r.node][strings.Join(strings.Fields(query), " ")] = rows
}

// A fake answers from a recording, or what a test puts in its place.
type fake struct {
	answers map[string][]map[string]string
	errs    map[string]error // by a part of the statement
	mu      sync.Mutex
	asked   []string
	opened  uint64
}

func (f *fake) Table(ctx context.Context, query string) ([]map[string]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	query = strings.Join(strings.Fields(query), " ")
	f.asked = append(f.asked, query)
	for _, part := range slices.SortedFunc(maps.Keys(f.errs), func(a, b string) int { return cmp.Compare(len(b), len(a)) }) {
		if strings.Contains(query, part) {
			return nil, f.errs[part]
		}
	}
	rows, ok := f.answers[query]
	if !ok {
		return nil, errors.New("not recorded: " + query)
	}
	return rows, nil
}

func (f *fake) Pairs(ctx context.Context, query string) (map[string]string, error) {
	rows, err := f.Table(ctx, query)
	pairs := map[string]string{}
	for _, row := range rows {
		pairs[row["k"]] = row["v"]
	}
	return pairs, err
}

func (f *fake) Opened() uint64 { return f.opened }
func (f *fake) Close() error   { return nil }

// sideOf returns a side whose SQL nodes are fakes, in the order of their names.
func sideOf(fakes map[string]*fake) *sqlSide {
	c := inventory.Cluster{}
	for _, name := range slices.Sorted(maps.Keys(fakes)) {
		c.SQL = append(c.SQL, inventory.Node{Name: name, ID: 50 + len(c.SQL) + 1, SQL: "fake:0"})
	}
	for i, name := range []string{"d1", "d2", "d3", "d4"} {
		c.Data = append(c.Data, inventory.Node{Name: name, ID: 11 + i})
	}
	s := openSQL(c)
	for _, n := range s.nodes {
		n.close()
		f := fakes[n.name]
		n.own, n.info, n.apart = f, f, f
	}
	return s
}
