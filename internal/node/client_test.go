package node

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sshrun"
)

// answers is a host that answers one thing. The real one is in cmd/kagu-node's test.
type answers struct {
	result sshrun.Result
	err    error
}

func (a answers) Run(context.Context, inventory.Host, string) (sshrun.Result, error) {
	return a.result, a.err
}

func (answers) Stream(context.Context, inventory.Host, string, time.Duration, func(io.Reader, io.WriteCloser) error) (sshrun.Result, error) {
	panic("nothing here is a stream")
}

func TestDo(t *testing.T) {
	said := func(text string, exit int) answers {
		return answers{result: sshrun.Result{Stdout: []byte(text), Exit: exit}}
	}
	const done = `{"v":1,"verb":"start","done":true,"state":{"process":"running"}}` + "\n"
	broken := func(sent bool, out string) answers {
		return answers{sshrun.Result{Stdout: []byte(out)}, &sshrun.Error{Host: "h", Sent: sent, Err: sshrun.ErrTimeout}}
	}
	for _, tc := range []struct {
		name    string
		runner  answers
		verb    Verb // start unless told
		unsure  bool
		refusal bool
		failure bool
		err     string // "" means that a reply comes
	}{
		{name: "done", runner: said(done, 0)},
		{name: "refused", runner: said(`{"v":1,"verb":"start","done":false,"refused":"it is running"}`+"\n", 1), refusal: true},
		{name: "tried and failed", runner: said(`{"v":1,"verb":"start","done":false,"error":"died"}`+"\n", 1), failure: true},
		{name: "not understood", runner: said(`{"v":1,"verb":"","done":false,"refused":"bad request"}`+"\n", 2), refusal: true},
		{name: "a later release adds a key", runner: said(strings.Replace(done, `"done"`, `"new":1,"done"`, 1), 0)},
		{name: "whole reply, then the connection broke", runner: broken(true, done)},

		{name: "never sent", runner: broken(false, ""), err: "timed out"},
		{name: "sent and lost", runner: broken(true, ""), unsure: true, err: "outcome is unknown"},
		{name: "sent and half an answer", runner: broken(true, done[:20]), unsure: true, err: "outcome is unknown"},
		{name: "exit code 0 and garbage", runner: said("Welcome to db1!\x1b[2J\n", 0), unsure: true, err: `said "Welcome to db1!\x1b[2J"`},
		{name: "exit code 0 and nothing", runner: said("", 0), unsure: true, err: "cut short"},
		{name: "without its line end", runner: said(strings.TrimSpace(done), 0), unsure: true, err: "cut short"},
		{name: "two replies", runner: said(done+done, 0), unsure: true, err: "read reply"},
		{name: "reply to another verb", runner: said(strings.Replace(done, "start", "stop", 1), 0), unsure: true, err: `asked was "start"`},
		{name: "another version", runner: said(strings.Replace(done, `"v":1`, `"v":9`, 1), 0), unsure: true, err: "same release"},
		{name: "done and refused at once", runner: said(strings.Replace(done, `"done"`, `"refused":"x","done"`, 1), 0), unsure: true, err: "exactly one"},
		{name: "neither", runner: said(`{"v":1,"verb":"start"}`+"\n", 0), unsure: true, err: "exactly one"},
		{name: "a lost report is not unsure: it changes nothing", verb: Report, runner: broken(true, ""), err: "timed out"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := Request{Verb: Start, Cluster: "b", Node: "n", ID: "0123456789", By: "me", NotAfter: time.Now()}
			if tc.verb != "" {
				r.Verb = tc.verb
			}
			reply, err := Client{SSH: tc.runner}.Do(t.Context(), inventory.Host{Name: "db1"}, r)
			if errors.Is(err, ErrUnsure) != tc.unsure {
				t.Errorf("unsure: %v", err)
			}
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Fatalf("got %v, want %q", err, tc.err)
			}
			if err != nil {
				if !strings.Contains(err.Error(), "db1") {
					t.Errorf("the host is not named: %v", err)
				}
				return
			}
			if _, ok := errors.AsType[*Refusal](reply.Err()); ok != tc.refusal {
				t.Errorf("refusal: %v", reply.Err())
			}
			if _, ok := errors.AsType[*Failure](reply.Err()); ok != tc.failure {
				t.Errorf("failure: %v", reply.Err())
			}
		})
	}
	t.Run("a bad request is not sent", func(t *testing.T) {
		_, err := Client{}.Do(t.Context(), inventory.Host{Name: "db1"}, Request{Verb: "bootstrap"})
		if err == nil || errors.Is(err, ErrUnsure) {
			t.Error(err)
		}
	})
}

func TestAReplyIsBoundedAndStillSaysWhatMatters(t *testing.T) {
	r := Reply{Version: 1, Verb: Report, Done: true, State: &State{Process: "running", Notes: []string{"kept"}}}
	for range 40 {
		r.State.Log = append(r.State.Log, strings.Repeat("<", 300)) // six bytes each in JSON
	}
	text := r.Encode()
	if len(text) > MaxReply {
		t.Fatalf("%d bytes", len(text))
	}
	back, err := ParseReply(text, Report)
	if err != nil || back.State.Process != "running" || len(back.State.Notes) != 1 || back.State.Log != nil {
		t.Errorf("%v %+v", err, back.State)
	}
	if len(r.State.Log) == 0 {
		t.Error("the caller's state was changed")
	}
}

func FuzzParseReply(f *testing.F) {
	f.Add([]byte(`{"v":1,"verb":"report","done":true,"state":{"process":"absent","log":["x"]}}` + "\n"))
	f.Add([]byte(`{"v":1,"verb":"report","done":false,"refused":"no"}` + "\n"))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ParseReply(text, Report)
		if err == nil && r.Done && (r.State == nil || r.Err() != nil) {
			t.Errorf("accepted %+v", r)
		}
	})
}
