package sshtest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/needs"
)

// Server is a running sshd and what a client needs to reach it.
type Server struct {
	Host    inventory.Host
	Account inventory.SSH
}

// Start runs sshd until the test ends. The account's key is bound to the forced command; with
// "" it is not bound, and the account's shell runs what the client asks for.
func Start(t testing.TB, forced string) Server {
	t.Helper()
	needs.Servers(t)
	sshd := needs.Program(t, "sshd", "openssh-server")
	me, err := user.Current()
	check(t, err)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }

	hostKey := WriteKey(t, in("host_key"))
	clientKey := WriteKey(t, in("client_key"))
	port := needs.Port(t, "127.0.0.1")
	options := "restrict "
	if forced != "" {
		options = `restrict,command="` + strings.ReplaceAll(forced, `"`, `\"`) + `" `
	}
	write(t, in("authorized_keys"), options+string(ssh.MarshalAuthorizedKey(clientKey)), 0o600)
	write(t, in("known_hosts"), knownhosts.Line([]string{knownhosts.Normalize(net.JoinHostPort("127.0.0.1", port))}, hostKey)+"\n", 0o644)
	// bash reads ~/.bashrc in a session of sshd, unless it is told that it is not the outermost
	// shell. What is in there is not to be tested, and may take seconds.
	write(t, in("sshd_config"), strings.Join([]string{
		"SetEnv SHLVL=2",
		"ListenAddress 127.0.0.1:" + port, "HostKey " + in("host_key"), "AuthorizedKeysFile " + in("authorized_keys"),
		"PidFile none", "StrictModes no", "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
		"PermitRootLogin prohibit-password", "MaxStartups 100", "LogLevel ERROR", "",
	}, "\n"), 0o600)
	if os.Geteuid() == 0 {
		check(t, os.MkdirAll("/run/sshd", 0o755)) // sshd of Debian does not start without it
	}

	var log bytes.Buffer
	cmd := exec.Command(sshd, "-D", "-e", "-f", in("sshd_config"))
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.WaitDelay = 2 * time.Second
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("sshd said:\n%s", log.String())
		}
	})
	waitFor(t, "127.0.0.1:"+port)
	number, err := strconv.Atoi(port)
	check(t, err)
	return Server{
		Host:    inventory.Host{Name: "db1", Address: "127.0.0.1", SSHPort: number},
		Account: inventory.SSH{User: me.Username, KeyFile: in("client_key"), KnownHostsFile: in("known_hosts")},
	}
}

// WriteKey makes an ed25519 key, writes its private half to the file, and returns the public.
func WriteKey(t testing.TB, path string) ssh.PublicKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	block, err := ssh.MarshalPrivateKey(private, "")
	check(t, err)
	write(t, path, string(pem.EncodeToMemory(block)), 0o600)
	key, err := ssh.NewPublicKey(public)
	check(t, err)
	return key
}

// find returns sshd's path; without it the test is skipped, under CI it fails.
func waitFor(t testing.TB, address string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("sshd does not listen: %v", err)
		}
	}
}

func write(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	check(t, os.WriteFile(path, []byte(text), mode))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Errorf("sshtest: %w", err))
	}
}
