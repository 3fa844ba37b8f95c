package exporters_test

import (
	"strings"
	"testing"

	"github.com/kagu-db/kagu/exporters"
)

func TestWhichCollectorsRun(t *testing.T) {
	all := []string{"up*", "view*", "members", "drift*"} // the starred are on by themselves
	row := func(s string) (string, bool) { return strings.TrimSuffix(s, "*"), strings.HasSuffix(s, "*") }
	for _, c := range []struct {
		name     string
		switches map[string]bool
		asked    []string
		want     string
		err      string
	}{
		{name: "as they are", want: "up* view* drift*"},
		{name: "one is switched off", switches: map[string]bool{"view": false}, want: "up* drift*"},
		{name: "one is switched on", switches: map[string]bool{"members": true}, want: "up* view* members drift*"},
		{name: "one is asked for", asked: []string{"members"}, want: "members"},
		{name: "in the order of the table", asked: []string{"drift", "up"}, want: "up* drift*"},
		{
			name: "what is switched off is not to be had", switches: map[string]bool{"view": false}, asked: []string{"up", "view"},
			err: `no collector "view", or it is switched off; there are drift, members, up`,
		},
		{name: "what there is not", asked: []string{"colour"}, err: `no collector "colour"`},
	} {
		got, err := exporters.Asked(all, row, c.switches, c.asked)
		if (err == nil) != (c.err == "") || err != nil && !strings.HasPrefix(err.Error(), c.err) || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}
