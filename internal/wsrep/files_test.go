package wsrep_test

import (
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/wsrep"
)

func TestGrastate(t *testing.T) {
	const head = "# GALERA saved state\nversion: 2.1\nuuid:    " + uuid1 + "\n"
	for _, c := range []struct {
		name, text string
		want       cluster.SavedPosition
		err        string
	}{
		{name: "running or crashed", text: head + "seqno:   -1\nsafe_to_bootstrap: 0\n", want: cluster.SavedPosition{UUID: uuid1, Seqno: -1}},
		{name: "the last one to stop", text: head + "seqno:   1234\nsafe_to_bootstrap: 1\n", want: cluster.SavedPosition{UUID: uuid1, Seqno: 1234, SafeToBootstrap: true}},
		{name: "padded after it got shorter", text: head + "seqno:   -1\nsafe_to_bootstrap: 0\n     ", want: cluster.SavedPosition{UUID: uuid1, Seqno: -1}},
		{name: "an old version without the mark", text: "version: 2.0\nuuid: " + uuid1 + "\nseqno: 7\n", want: cluster.SavedPosition{UUID: uuid1, Seqno: 7}},
		{name: "never in a cluster", text: "version: 2.1\nuuid: 00000000-0000-0000-0000-000000000000\nseqno: -1\nsafe_to_bootstrap: 0\n", want: cluster.SavedPosition{UUID: "00000000-0000-0000-0000-000000000000", Seqno: -1}},
		{name: "empty", text: "", err: "read grastate: no uuid"},
		{name: "cut after the uuid", text: head, err: "read grastate: no seqno"},
		{name: "cut in the seqno", text: head + "seqno:   12", err: `read grastate: the last line is cut: "seqno:   12"`},
		{name: "cut after the seqno", text: head + "seqno:   1234\n", err: "read grastate: no safe_to_bootstrap"},
		{name: "a seqno twice", text: head + "seqno: 1\nseqno: 2\nsafe_to_bootstrap: 0\n", err: `read grastate: "seqno" comes twice`},
		{name: "no number", text: head + "seqno: x\nsafe_to_bootstrap: 0\n", err: `read grastate: seqno "x" is none`},
		{name: "an odd mark", text: head + "seqno: 1\nsafe_to_bootstrap: yes\n", err: `read grastate: safe_to_bootstrap "yes" is neither 0 nor 1`},
		{name: "no uuid", text: "version: 2.1\nuuid: abc\nseqno: 1\nsafe_to_bootstrap: 0\n", err: `read grastate: uuid "abc" is none`},
		{name: "something else", text: "hello\n", err: `read grastate: line "hello" has no colon`},
		{name: "far too long", text: strings.Repeat("# filler\n", 10000), err: "read grastate: the file is too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := wsrep.ParseGrastate(strings.NewReader(c.text))
			same(t, c.err, message(err))
			same(t, c.want, got)
		})
	}
}

func TestGvwstate(t *testing.T) {
	const body = "my_uuid: " + uuid1 + "\n#vwbeg\nview_id: 3 " + uuid2 + " 4\nbootstrap: 0\nmember: " + uuid1 + " 0\nmember: " + uuid2 + " 0\n"
	for _, c := range []struct {
		name, text string
		want       wsrep.View
		err        string
	}{
		{name: "two members", text: body + "#vwend\n", want: wsrep.View{MyUUID: uuid1, ID: "3 " + uuid2 + " 4", Members: []string{uuid1, uuid2}}},
		{name: "cut", text: body, err: "read gvwstate: the view has no end"},
		{name: "empty", text: "", err: "read gvwstate: the view has no end"},
		{name: "no members", text: "my_uuid: " + uuid1 + "\n#vwbeg\n#vwend\n", err: "read gvwstate: no members"},
		{name: "nobody's", text: "#vwbeg\nmember: " + uuid1 + " 0\n#vwend\n", err: "read gvwstate: no my_uuid"},
		{name: "a member without a name", text: "my_uuid: " + uuid1 + "\n#vwbeg\nmember: x 0\n#vwend\n", err: `read gvwstate: member "x 0" has no UUID`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := wsrep.ParseGvwstate(strings.NewReader(c.text))
			same(t, c.err, message(err))
			same(t, c.want, got)
		})
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
