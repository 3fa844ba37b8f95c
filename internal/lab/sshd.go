package lab

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

const sshd = "/usr/sbin/sshd"

func (l *Lab) knownHosts() string { return l.file("known_hosts") }
func (l *Lab) sshKey() string     { return l.file("ssh_key") }

// writeSSH makes the controller's key, and for each host a key of its own, pinned in
// known_hosts, and a configuration under which nothing but kagu-node can be run.
func (l *Lab) writeSSH() error {
	controller, err := newKey(l.sshKey())
	if err != nil {
		return err
	}
	var known bytes.Buffer
	for _, n := range l.Nodes {
		dir := l.file("ssh-" + n.Name)
		if err := os.MkdirAll(filepath.Join(dir, "state"), 0o700); err != nil {
			return err
		}
		host, err := newKey(filepath.Join(dir, "host_key"))
		if err != nil {
			return err
		}
		fmt.Fprintln(&known, knownhosts.Line([]string{net.JoinHostPort(n.Address, strconv.Itoa(n.SSH))}, host))

		// sshd gives its children a fresh environment, so the mark is set here again.
		forced := shellWords(
			"/usr/bin/env", mark+"="+l.ID, filepath.Join(l.Bin, "kagu-node"),
			"--config.file="+l.Config(), "--host="+n.Name, "--state.dir="+filepath.Join(dir, "state"), "--for=all",
		)
		line := fmt.Sprintf("restrict,command=\"%s\" %s", strings.ReplaceAll(forced, `"`, `\"`), ssh.MarshalAuthorizedKey(controller))
		if err := writeFile(filepath.Join(dir, "authorized_keys"), []byte(line)); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, "sshd_config"), []byte(l.sshdConfig(n, dir))); err != nil {
			return err
		}
	}
	return writeFile(l.knownHosts(), known.Bytes())
}

func (l *Lab) sshdConfig(n Node, dir string) string {
	return fmt.Sprintf(`# Written by kagu lab.
ListenAddress %s:%d
HostKey "%s/host_key"
AuthorizedKeysFile "%s/authorized_keys"
PidFile none
AllowUsers %s
AuthenticationMethods publickey
PermitRootLogin forced-commands-only
KbdInteractiveAuthentication no
PasswordAuthentication no
UsePAM no
UseDNS no
# The keys are in a folder that no other account can reach, but /tmp above it is open to all.
StrictModes no
# Else bash reads ~/.bashrc before kagu-node, and what is in there may take seconds.
SetEnv SHLVL=2
MaxStartups 100
LogLevel VERBOSE
`, n.Address, n.SSH, dir, dir, l.Account)
}

func (l *Lab) startSSH(ctx context.Context) error {
	if os.Geteuid() == 0 { // sshd locks its unprivileged part into this folder, which a reboot empties
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return err
		}
	}
	for _, n := range l.Nodes {
		if err := l.StartSSHD(ctx, n.Name); err != nil {
			return err
		}
	}
	return nil
}

// StartSSHD starts the sshd of a node's host, for a test that killed it.
func (l *Lab) StartSSHD(ctx context.Context, node string) error {
	n, err := l.Node(node)
	if err != nil {
		return err
	}
	dir := l.file("ssh-" + n.Name)
	log := filepath.Join(dir, "sshd.log")
	p, err := l.spawn(sshdName(n), log, sshd, "-D", "-e", "-f", filepath.Join(dir, "sshd_config"))
	if err != nil {
		return err
	}
	return await(ctx, p, log, func(ctx context.Context) error {
		return answers(ctx, net.JoinHostPort(n.Address, strconv.Itoa(n.SSH)))
	})
}

func sshdName(n Node) string { return "sshd " + n.Name }

// answers tells whether something accepts connections there.
func answers(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// newKey writes a new private key and returns its public half.
func newKey(path string) (ssh.PublicKey, error) {
	public, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(secret, "kagu lab")
	if err != nil {
		return nil, err
	}
	if err := writeFile(path, pem.EncodeToMemory(block)); err != nil {
		return nil, err
	}
	return ssh.NewPublicKey(public)
}

// shellWords quotes words for the login shell, through which sshd runs a forced command.
func shellWords(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}
