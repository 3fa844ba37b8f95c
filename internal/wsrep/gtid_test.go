package wsrep_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/wsrep"
)

func TestGTIDPosition(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []wsrep.DomainPosition
	}{
		{"nothing", "", nil},
		{"one domain", "0-71-8", []wsrep.DomainPosition{{"0", 8}}},
		{"domains by number", "10-1-5, 2-7-4", []wsrep.DomainPosition{{"2", 4}, {"10", 5}}},
		{"a domain of two servers: the highest", "0-1-5,0-2-9", []wsrep.DomainPosition{{"0", 9}}},
		{"at most three", "4-1-1,3-1-1,2-1-1,1-1-1", []wsrep.DomainPosition{{"1", 1}, {"2", 1}, {"3", 1}}},
		{"MySQL's sets are another thing", "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5", nil},
		{"a torn one costs only itself", "0-1,1-1-7", []wsrep.DomainPosition{{"1", 7}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, wsrep.ParseGTIDPosition(c.text, 3)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func FuzzGTIDPosition(f *testing.F) {
	for _, seed := range []string{"", "0-71-8", "1-1-1,2-2-2", "0-1-18446744073709551615", "a-b-c,,", "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		seen := map[string]bool{}
		got := wsrep.ParseGTIDPosition(text, 16)
		for _, p := range got {
			if seen[p.Domain] || p.Seqno < 0 {
				t.Errorf("%q twice, or negative: %v", p.Domain, got)
			}
			seen[p.Domain] = true
		}
		if len(got) > 16 {
			t.Errorf("%d domains", len(got))
		}
	})
}

func TestQuorumMarginOfDifferentWeights(t *testing.T) {
	for _, c := range []struct {
		name        string
		total, size wsrep.Int
		weights     []int64
		want        wsrep.Int
	}{
		{"three of one", known(3), known(3), []int64{1, 1, 1}, known(1)},
		{"two of one", known(2), known(2), []int64{1, 1}, known(0)},
		{"two, one of which decides", known(3), known(2), []int64{2, 1}, known(0)},
		{"2 + 1 + 1: the heaviest takes half", known(4), known(3), []int64{1, 2, 1}, known(0)},
		{"3 + 3 + 1 + 1: the first heavy one may go", known(8), known(4), []int64{3, 1, 3, 1}, known(1)},
		{"five of one", known(5), known(5), []int64{1, 1, 1, 1, 1}, known(2)},
		{"one is alone", known(1), known(1), []int64{1}, known(0)},
		{"a weight of nothing may go too", known(3), known(4), []int64{1, 1, 1, 0}, known(1)},
		{"the one that is not known weighs what is left", known(4), known(3), []int64{1, 1}, known(0)},
		{"two are not known", known(3), known(3), []int64{1}, wsrep.Int{}},
		{"they do not add up: one was changed since", known(3), known(3), []int64{1, 1, 2}, wsrep.Int{}},
		{"they leave something", known(5), known(3), []int64{1, 1, 1}, wsrep.Int{}},
		{"more than there are", known(3), known(2), []int64{1, 1, 1}, wsrep.Int{}},
		{"the total is not known", wsrep.Int{}, known(3), []int64{1, 1, 1}, wsrep.Int{}},
		{"detached", known(0), known(0), nil, wsrep.Int{}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, wsrep.QuorumMarginOf(c.total, c.size, c.weights)) })
	}
}
