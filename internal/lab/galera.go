package lab

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/template"

	"github.com/kagu-db/kagu/deploy/galera"
	"github.com/kagu-db/kagu/internal/cluster"
)

// Where Debian keeps the programs. They are named in full because start in kagu.yaml must be.
const (
	mariadbd  = "/usr/sbin/mariadbd"
	installDB = "/usr/bin/mariadb-install-db"
	recovery  = "/usr/bin/galera_recovery"
	provider  = "/usr/lib/galera/libgalera_smm.so"
)

// galeraKind is what the lab knows of Galera.
type galeraKind struct{}

func (galeraKind) place(l *Lab, o Options, given book) error {
	for i := 1; i <= o.Nodes; i++ {
		n := Node{Name: fmt.Sprintf("n%d", i), Role: cluster.RoleMember, Address: fmt.Sprintf("%s.%d", l.Network, i)}
		n.Dir = l.file(n.Name)
		ports := []struct {
			port   *int
			wanted int
		}{{&n.SQL, 3306}, {&n.Group, 4567}, {&n.IST, 4568}, {&n.SST, 4444}, {&n.SSH, 2222}}
		for _, p := range ports {
			var err error
			if *p.port, err = given.take(n.Address, p.wanted); err != nil {
				return err
			}
		}
		l.Nodes = append(l.Nodes, n)
	}
	return nil
}

// evsOptions are the provider options of a profile. With the default profile nothing is set:
// the lab then runs what a user has who sets nothing.
func evsOptions(p Profile) (string, error) {
	if p == ProfileDefault {
		return "", nil
	}
	options, err := galera.Options(string(p))
	return options + ";", err
}

var myCnf = template.Must(template.New("my.cnf").Parse(`# Written by kagu lab.
[mysqld]
{{- with .User}}
user = {{.}}
{{- end}}
datadir = {{.Node.DataDir}}
tmpdir = {{.TmpDir}}
socket = {{.Node.Socket}}
pid-file = {{.PIDFile}}
log-error = {{.Node.ErrorLog}}
bind-address = {{.Node.Address}}
port = {{.Node.SQL}}
skip-name-resolve
binlog_format = ROW
default_storage_engine = InnoDB
innodb_autoinc_lock_mode = 2
innodb_flush_log_at_trx_commit = 2
innodb_buffer_pool_size = {{.Pool}}M
innodb_log_file_size = 16M
wsrep_on = ON
wsrep_provider = {{.Provider}}
wsrep_provider_options = "{{.EVS}}gcache.size=64M;gmcast.listen_addr=tcp://{{.Node.Address}}:{{.Node.Group}};ist.recv_addr={{.Node.Address}}:{{.Node.IST}}"
wsrep_cluster_name = {{.Cluster}}
wsrep_cluster_address = gcomm://{{.Members}}
wsrep_node_name = {{.Node.Name}}
wsrep_node_address = {{.Node.Address}}:{{.Node.Group}}
wsrep_node_incoming_address = {{.Node.SQLAddress}}
wsrep_sst_method = rsync
wsrep_status_file = wsrep_status.json
wsrep_sst_receive_address = {{.Node.Address}}:{{.Node.SST}}
{{- if .BinLog}}
log_bin = binlog
log_slave_updates = ON
server_id = 1
gtid_domain_id = {{.Domain}}
wsrep_gtid_mode = ON
wsrep_gtid_domain_id = 1
{{- end}}
`))

// configure writes each node's folder and my.cnf. Each has a tmpdir of its own: a MariaDB that
// starts empties its tmpdir of temporary tables, and a running one whose table is gone crashes.
func (l *Lab) configure() error {
	options, err := evsOptions(l.Profile)
	if err != nil {
		return err
	}
	var members []string
	for _, n := range l.Nodes {
		members = append(members, fmt.Sprintf("%s:%d", n.Address, n.Group))
	}
	for i, n := range l.Nodes {
		for _, dir := range []string{n.Dir, n.tmpDir()} {
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
		}
		var text bytes.Buffer
		if err := myCnf.Execute(&text, map[string]any{
			"User": runAs(), "Node": n, "TmpDir": n.tmpDir(), "PIDFile": n.pidFile(), "Provider": provider, "EVS": options,
			"Cluster": ClusterName, "Members": strings.Join(members, ","), "BinLog": l.BinLog, "Pool": l.Pool, "Domain": 11 + i,
		}); err != nil {
			return err
		}
		if err := os.WriteFile(n.config(), text.Bytes(), 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(n.starter(), []byte(n.starterScript(l.before()...)), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// start founds the cluster. One data directory is installed, founds the cluster for a
// moment to get its accounts and a position, and is copied; so the others need no more than
// an incremental transfer. They join one after the other: two at once keep each other
// waiting for six seconds in their first view.
func (galeraKind) start(ctx context.Context, l *Lab, progress func(string)) error {
	if err := l.configure(); err != nil {
		return err
	}
	first := l.Nodes[0]
	if err := l.install(ctx, first); err != nil {
		return err
	}
	progress("data directory installed")
	p, err := l.spawnNode(ctx, first, "--wsrep-new-cluster")
	if err != nil {
		return err
	}
	if err := l.createAccounts(ctx, first); err != nil {
		return err
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := poll(ctx, p.gone); err != nil {
		return err
	}
	for _, n := range l.Nodes[1:] {
		if err := copyData(ctx, first, n); err != nil {
			return err
		}
	}
	progress("accounts made, data copied")
	if _, err := l.spawnNode(ctx, first, "--wsrep-new-cluster"); err != nil {
		return err
	}
	progress(first.Name + " founded the cluster")
	for i, n := range l.Nodes[1:] {
		if _, err := l.launchMariaDB(n); err != nil {
			return err
		}
		if err := l.AwaitStatus(ctx, first.Name, "wsrep_cluster_size", strconv.Itoa(i+2)); err != nil {
			return fmt.Errorf("%s does not join: %w; the end of its log:\n%s", n.Name, err, tail(n.ErrorLog()))
		}
	}
	for _, n := range l.Nodes {
		if err := l.AwaitStatus(ctx, n.Name, "wsrep_local_state_comment", "Synced"); err != nil {
			return fmt.Errorf("%w; the end of its log:\n%s", err, tail(n.ErrorLog()))
		}
		progress(n.Name + " is Synced")
	}
	return nil
}

func (p Process) gone(context.Context) error {
	if p.Alive() {
		return fmt.Errorf("process %d still runs", p.PID)
	}
	return nil
}

func (l *Lab) install(ctx context.Context, n Node) error {
	args := []string{
		// --force: a machine whose name does not resolve is good enough.
		"--no-defaults", "--datadir=" + n.DataDir(), "--tmpdir=" + n.tmpDir(), "--skip-test-db", "--skip-name-resolve", "--force", "--innodb-log-file-size=16M",
		"--auth-root-authentication-method=socket", "--auth-root-socket-user=" + l.Account,
	}
	if u := runAs(); u != "" {
		args = append(args, "--user="+u)
	}
	if err := l.hand(n.Dir); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, installDB, args...)
	cmd.Dir, cmd.Env = "/", append(os.Environ(), mark+"="+l.ID)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("install a data directory: %w: %s", err, out)
	}
	return nil
}

// copyData copies a data directory that is at rest. The copy may not found a cluster.
func copyData(ctx context.Context, from, to Node) error {
	if out, err := exec.CommandContext(ctx, "cp", "-a", "--reflink=auto", from.DataDir(), to.DataDir()).CombinedOutput(); err != nil {
		return fmt.Errorf("copy the data directory: %w: %s", err, out)
	}
	for _, f := range []string{"galera.cache", "gvwstate.dat"} {
		if err := os.RemoveAll(filepath.Join(to.DataDir(), f)); err != nil {
			return err
		}
	}
	saved := filepath.Join(to.DataDir(), "grastate.dat")
	text, err := os.ReadFile(saved)
	if err != nil {
		return err
	}
	return os.WriteFile(saved, bytes.Replace(text, []byte("safe_to_bootstrap: 1"), []byte("safe_to_bootstrap: 0"), 1), 0o600)
}

// starter is the script that kagu-node starts the server with. It does what mariadb.service
// does: after a crash grastate.dat has no position, and a server that is not told the one
// InnoDB holds asks for a full transfer where an incremental one would do.
func (n Node) starter() string { return filepath.Join(n.Dir, "start") }

func (n Node) starterScript(before ...string) string {
	defaults := shellWords("--defaults-file=" + n.config())
	return "#!/bin/sh\n# Written by kagu lab.\n" +
		"position=$(" + recovery + " " + defaults + ") || exit 1\n" +
		"exec " + strings.Join(append(before, mariadbd), " ") + " " + defaults + " $position \"$@\"\n"
}

// argv is how the lab starts the server of a data directory that was left cleanly.
func (n Node) argv() []string { return []string{mariadbd, "--defaults-file=" + n.config()} }

func (l *Lab) launchMariaDB(n Node, more ...string) (Process, error) {
	if err := l.hand(n.Dir); err != nil {
		return Process{}, err
	}
	return l.spawn(n.Name, n.outputLog(), slices.Concat(l.before(), n.argv(), more)...)
}

// before is what lets a server go before other programs although it gives up being root: LimitRTPRIO
// of a unit does it on a host. Who is not root needs the limit (ulimit -r).
func (l *Lab) before() []string {
	if l.Profile != ProfileLANRealtime || runAs() == "" {
		return nil
	}
	return []string{"setpriv", "--securebits=+no_setuid_fixup"}
}

func (l *Lab) spawnNode(ctx context.Context, n Node, more ...string) (Process, error) {
	p, err := l.launchMariaDB(n, more...)
	if err != nil {
		return p, err
	}
	return p, await(ctx, p, n.ErrorLog(), func(ctx context.Context) error {
		status, err := l.Wsrep(ctx, n.Name)
		if err == nil && status["wsrep_local_state_comment"] != "Synced" {
			err = fmt.Errorf("%s is %q", n.Name, status["wsrep_local_state_comment"])
		}
		return err
	})
}

func (galeraKind) launch(l *Lab, n Node) (Process, error) { return l.launchMariaDB(n) }

func (galeraKind) serves(_ *Lab, n Node, argv []string) bool {
	return len(argv) > 1 && argv[0] == mariadbd && argv[1] == n.argv()[1]
}

// admin is the lab's own account, which the server trusts because the kernel tells it who is
// calling. No password exists that could leak.
func (galeraKind) admin(l *Lab) (user, password string, err error) { return l.Account, "", nil }

func (galeraKind) list(l *Lab, c *clusterFile, hosts map[string]hostFile) {
	for _, n := range l.Nodes {
		hosts[n.Name] = hostFile{Address: n.Address, SSHPort: n.SSH}
		c.Nodes = append(c.Nodes, nodeFile{
			Name: n.Name, Host: n.Name, SQL: n.SQLAddress(), Start: []string{n.starter()},
			DataDir: n.DataDir(), PIDFile: n.pidFile(), ErrorLog: n.ErrorLog(),
		})
	}
}

func (galeraKind) stop(ctx context.Context, l *Lab, n Node) error {
	server, err := l.server(n)
	if err != nil {
		return err
	}
	if err := l.SQL(ctx, n.Name, "SHUTDOWN"); err != nil {
		return err
	}
	return poll(ctx, server.gone)
}

// cutRules go by ports where the node shall still be reached in other ways.
func (galeraKind) cutRules(l *Lab, n Node, reach Reach) rules {
	a := n.Address
	own := fmt.Sprintf("{ %d, %d, %d, %d }", n.Group, n.IST, n.SST, n.SQL)
	switch reach {
	case CutHost:
		return rules{out: []string{fmt.Sprintf("ip saddr %s ip daddr != %s drop", a, a), fmt.Sprintf("ip saddr != %s ip daddr %s drop", a, a)}}
	case CutGroup:
		own = fmt.Sprintf("{ %d, %d, %d }", n.Group, n.IST, n.SST)
	}
	out := []string{
		fmt.Sprintf("ip saddr != %s ip daddr %s tcp dport %s drop", a, a, own),
		fmt.Sprintf("ip saddr %s ip daddr != %s tcp sport %s drop", a, a, own),
	}
	for _, peer := range l.Nodes { // what this node started: it is the client there
		if peer.Name != n.Name {
			theirs := fmt.Sprintf("{ %d, %d, %d }", peer.Group, peer.IST, peer.SST)
			out = append(out,
				fmt.Sprintf("ip saddr %s ip daddr %s tcp dport %s drop", a, peer.Address, theirs),
				fmt.Sprintf("ip saddr %s ip daddr %s tcp sport %s drop", peer.Address, a, theirs))
		}
	}
	return rules{out: out}
}

func (galeraKind) client(l *Lab, n Node) string {
	return fmt.Sprintf("mariadb --no-defaults --user=%s --socket=%s", l.Account, n.Socket())
}

func (galeraKind) look(ctx context.Context, l *Lab, s *NodeStatus) {
	status, err := l.Wsrep(ctx, s.Node.Name)
	if err != nil {
		s.Err = err
		return
	}
	s.State = status["wsrep_local_state_comment"]
	s.Cluster = fmt.Sprintf("%s, %s members", status["wsrep_cluster_status"], status["wsrep_cluster_size"])
}

// password returns 160 random bits as text.
func password() string { return strings.ToLower(rand.Text() + rand.Text()[:6]) }
