package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/mbstream"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/tlstest"
)

// wantsTLS makes a member one that takes nothing over the network in the clear, and the account of backups one
// that must show a certificate. It returns the lines of kagu.yaml that lead there.
func (r *rig) wantsTLS(name string) (tls map[string]string) {
	r.Helper()
	n := r.node(name)
	server, key := tlstest.SelfSigned(r, r.Dir, n.Address, time.Hour)
	ours, ourKey := tlstest.SelfSigned(r, r.Dir, "kagu", time.Hour)
	if err := os.Chmod(ourKey, 0o600); err != nil { // nobody else's, and so not the server's
		r.Fatal(err)
	}
	// Of its own certificate, too: the scripts of state transfers look whether ssl-ca vouches for it.
	authorities := filepath.Join(r.Dir, "authorities.pem")
	var all []byte
	for _, path := range []string{server, ours} {
		text, err := os.ReadFile(path)
		if err != nil {
			r.Fatal(err)
		}
		all = append(all, text...)
	}
	if err := errors.Join(os.WriteFile(authorities, all, 0o600), os.Chmod(authorities, 0o644)); err != nil {
		r.Fatal(err)
	}
	options := filepath.Join(n.Dir, "my.cnf")
	text, err := os.ReadFile(options)
	if err != nil {
		r.Fatal(err)
	}
	text = fmt.Appendf(text, "ssl-cert = %s\nssl-key = %s\nssl-ca = %s\nrequire-secure-transport = ON\n[sst]\nssl-mode = DISABLED\n", server, key, authorities)
	if err := os.WriteFile(options, text, 0o644); err != nil {
		r.Fatal(err)
	}
	if err := errors.Join(r.SQL(r.Context(), "n1", "ALTER USER '"+lab.BackupUser+"'@'127.%' REQUIRE X509"), r.Stop(r.Context(), name), r.rejoins(name)); err != nil {
		r.Fatal(err)
	}
	return map[string]string{"mode": "verify", "ca_file": server, "cert_file": ours, "key_file": ourKey}
}

// rejoins starts a member and waits until it is synced. A joiner whose transfer fails ends itself, and is started
// again, as a unit would.
func (r *rig) rejoins(name string) (err error) {
	r.Helper()
	for range 3 {
		ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
		err = errors.Join(r.Start(ctx, name), r.AwaitSynced(ctx))
		cancel()
		if err == nil {
			return nil
		}
		r.Logf("%s does not join: %v", name, err)
	}
	return err
}

// says writes what kagu.yaml says of TLS, in place of what it said before.
func (r *rig) says(tls map[string]string) {
	r.Helper()
	text, err := os.ReadFile(r.Config())
	if err != nil {
		r.Fatal(err)
	}
	const before = "    kind: galera\n"
	parts := []string{}
	for _, key := range []string{"mode", "ca_file", "cert_file", "key_file", "server_name"} {
		if tls[key] != "" {
			parts = append(parts, fmt.Sprintf("%s: %q", key, tls[key]))
		}
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "    tls: ") {
			lines = append(lines, line)
		}
		if line == before {
			lines = append(lines, "    tls: {"+strings.Join(parts, ", ")+"}\n")
		}
	}
	if err := os.WriteFile(r.Config(), []byte(strings.Join(lines, "")), 0o644); err != nil {
		r.Fatal(err)
	}
}

// A backup of a member where nothing goes in the clear, by an account that must show a certificate whose key root
// alone can read: mariadb-backup itself runs as the server's account.
func TestAMemberThatWantsTLSIsBackedUp(t *testing.T) {
	r := newRig(t, lab.Options{Nodes: 2, BinLog: true})
	tls := r.wantsTLS("n2")
	take := func() (node.Reply, []byte) {
		t.Helper()
		request := r.request(node.Backup, "n2")
		request.Desync = true
		return r.backup(request)
	}
	with := func(key, value string) map[string]string {
		other := map[string]string{key: value}
		for k, v := range tls {
			if k != key {
				other[k] = v
			}
		}
		return other
	}
	stranger, strangersKey := tlstest.SelfSigned(t, t.TempDir(), "elsewhere", time.Hour)
	for name, wrong := range map[string]map[string]string{
		"in the clear":                      {"mode": "off"},
		"without a certificate of ours":     {"mode": "verify", "ca_file": tls["ca_file"]},
		"by another authority":              with("ca_file", stranger),
		"with a certificate of a stranger":  {"mode": "verify", "ca_file": tls["ca_file"], "cert_file": stranger, "key_file": strangersKey},
		"of another name than its own name": with("server_name", "elsewhere"),
	} {
		r.says(wrong)
		if reply, _ := take(); reply.Err() == nil {
			t.Errorf("%s it is backed up", name)
		} else {
			t.Logf("%s: %v", name, reply.Err())
		}
	}
	r.says(tls)
	reply, stream := take()
	if err := reply.Err(); err != nil {
		t.Fatal(err)
	}
	scan := &mbstream.Scanner{Sums: true}
	if _, err := scan.Write(stream); err != nil || scan.Close() != nil || len(stream) == 0 {
		t.Errorf("the stream of %d bytes is not whole: %v", len(stream), err)
	}
	if b := reply.Stream.Binlog; b == nil || b.Pos == 0 {
		t.Errorf("position in the binary log: %+v", b)
	}
	secret, err := os.ReadFile(tls["key_file"])
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(stream, secret) {
		t.Error("our key is in the backup")
	}
	r.undisturbed("n2")
}
