package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/kagu-db/kagu/internal/node"
)

// request takes the request from the one place where it is. Arguments beside a command that
// came over SSH mean that the forced command has too much in it.
func (o options) request(in io.Reader) (node.Request, error) {
	overSSH, forced := os.LookupEnv("SSH_ORIGINAL_COMMAND")
	switch {
	case o.verb != "" && forced:
		return node.Request{}, errors.New("the forced command names a verb itself: leave only flags in authorized_keys")
	case o.verb != "":
		return o.byHand()
	case forced:
		return node.ParseRequest([]byte(overSSH))
	}
	if f, ok := in.(*os.File); ok && isTerminal(f) {
		return node.Request{}, errors.New("nothing asked: kagu-node --help")
	}
	text, err := readAll(in)
	if err != nil {
		return node.Request{}, fmt.Errorf("read standard input: %w", err)
	}
	return node.ParseRequest(text)
}

// purposes says what each kind of key may ask for. Who is root on this host may ask for all.
var purposes = map[string][]node.Verb{
	"heal":   {node.Report, node.Start, node.Stop},
	"backup": {node.Report, node.Backup, node.Collect, node.Discard, node.Resync},
	"all":    node.Verbs(),
}

// allowed tells whether the key may ask for the verb.
func (o options) allowed(verb node.Verb) error {
	if o.verb == "" && !slices.Contains(purposes[o.purpose], verb) {
		return fmt.Errorf("this key is for %s and may not ask for %s: its line in authorized_keys says so by --for, see docs/hosts.md", o.purpose, verb)
	}
	return nil
}

// readAll reads a request from standard input, and does not wait for ever for it.
func readAll(in io.Reader) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	ch := make(chan result, 1)
	go func() { // left behind if nothing comes: this process ends then
		text, err := io.ReadAll(io.LimitReader(in, node.MaxRequest+1))
		ch <- result{text, err}
	}()
	select {
	case r := <-ch:
		return r.text, r.err
	case <-time.After(10 * time.Second):
		return nil, errors.New("nothing came within 10s")
	}
}

// byHand makes the request of a human at this host, who is an operator: whoever may run
// kagu-node here may run systemctl too.
func (o options) byHand() (node.Request, error) {
	cluster, name, ok := strings.Cut(o.node, "/")
	if !ok {
		return node.Request{}, errors.New("which node? kagu-node " + o.verb + " CLUSTER/NODE")
	}
	r := node.Request{Version: node.Version, Verb: node.Verb(o.verb), Cluster: cluster, Node: name, Why: o.why}
	if r.Verb.Streams() || r.Verb == node.Discard {
		return node.Request{}, fmt.Errorf("%s is not done by hand: kagu backup --help", r.Verb)
	}
	if r.Verb != node.Report {
		r.ID, r.By, r.Operator = "hand-"+rand.Text(), human(), true
		r.NotAfter = time.Now().Add(time.Minute)
	}
	return r, r.Valid()
}

// human names who is at the keyboard, also behind sudo.
func human() string {
	for _, name := range []string{"SUDO_USER", "USER", "LOGNAME"} {
		if value := os.Getenv(name); value != "" {
			return value
		}
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// indent lays a reply out for a human.
func indent(text []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, text, "", "  ") != nil {
		return text
	}
	return out.Bytes()
}
