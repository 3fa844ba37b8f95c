package ndb

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"text/template"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/scratch"
)

// A throwaway is a cluster of ours on this machine: a management server, one data node and an SQL
// node, on loopback alone. One data node is enough, whatever the number of the original: each part
// of a backup is restored into whatever cluster there is, and one copy takes the least memory.
type throwaway struct {
	*scratch.Folder
	home string
	at   ports
	db   *mysqlDB

	mu      sync.Mutex
	servers []*process // that we started
}

// ports are where the servers listen, and how the SQL node is entered. The file that keeps them is
// for us alone.
type ports struct {
	Management int    `json:"management"`
	Data       int    `json:"data"`
	SQL        int    `json:"sql"`
	Password   string `json:"password"`
}

// The node ids. Every other API node is for a run of ndb_restore.
const (
	managementID = 1
	dataID       = 2
	sqlID        = 3
	restoreIDs   = 16
)

const (
	loopback    = "127.0.0.1"
	scratchUser = "kagu_scratch"
)

// newThrowaway takes the folder. What runs in it already, after a restore that was cut short, is
// taken over.
func newThrowaway(dir string, keep bool, s inventory.Scratch) (*throwaway, error) {
	tree, err := home(s)
	if err != nil {
		return nil, err
	}
	f, err := scratch.Claim(dir, keep)
	if err != nil {
		return nil, err
	}
	t := &throwaway{Folder: f, home: tree}
	text, err := os.ReadFile(t.File("ports.json"))
	switch {
	case err == nil:
		err = json.Unmarshal(text, &t.at)
	case errors.Is(err, os.ErrNotExist):
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("read where the servers of %s listen: %w", dir, err)
	}
	t.db = openMySQL(t.sqlAddress(), scratchUser, t.at.Password)
	return t, nil
}

func (t *throwaway) program(name string) string { return filepath.Join(t.home, "bin", name) }

func (t *throwaway) connectString() string {
	return net.JoinHostPort(loopback, strconv.Itoa(t.at.Management))
}

func (t *throwaway) sqlAddress() string { return net.JoinHostPort(loopback, strconv.Itoa(t.at.SQL)) }

// up starts the servers and waits until they serve. One that is up already stays.
func (t *throwaway) up(ctx context.Context, s size) error {
	if alive, err := t.Alive(); err != nil || alive && t.serves(ctx) == nil {
		return err
	}
	// What was begun and not ended is of no use: nothing of value is in it yet.
	if err := t.Kill(ctx); err != nil {
		return err
	}
	if err := s.fits(t.Path); err != nil {
		return err
	}
	if err := t.configure(s); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return t.startData(ctx) })
	g.Go(func() error { return t.startSQL(ctx) })
	return g.Wait()
}

// startData starts the management server and the data node.
func (t *throwaway) startData(ctx context.Context) error {
	client := mgm.New(mgm.Options{Addresses: []string{t.connectString()}})
	defer client.Close()
	managementLog, dataLog := t.File("management.log"), t.File("data.log")
	ended, err := t.launch(managementLog, t.program("ndb_mgmd"), "--no-defaults", "--nodaemon", "--initial", "--config-file="+t.File("config.ini"),
		"--configdir="+t.File("management"), "--bind-address="+loopback, "--ndb-nodeid="+strconv.Itoa(managementID))
	if err == nil {
		err = await(ctx, ended, managementLog, func(ctx context.Context) error { _, err := client.Status(ctx, mgm.NodeManagement); return err })
	}
	if err != nil {
		return fmt.Errorf("start a management server of our own: %w", err)
	}
	ended, err = t.launch(dataLog, t.program("ndbmtd"), "--no-defaults", "--foreground", "--initial",
		"--ndb-connectstring="+t.connectString(), "--ndb-nodeid="+strconv.Itoa(dataID))
	if err == nil {
		err = await(ctx, ended, dataLog, func(ctx context.Context) error {
			nodes, err := client.Status(ctx, mgm.NodeData)
			if err == nil && (len(nodes) != 1 || nodes[0].State != mgm.StateStarted) {
				err = errors.New("it is not started")
			}
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("start a data node of our own: %w", err)
	}
	return nil
}

// startSQL makes a data directory and starts the SQL node, which waits for the data node by itself.
func (t *throwaway) startSQL(ctx context.Context) error {
	script := t.File("account.sql")
	account := fmt.Sprintf("CREATE USER '%s'@'%s' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO '%[1]s'@'%[2]s' WITH GRANT OPTION;\n", scratchUser, loopback, t.at.Password)
	if err := os.WriteFile(script, []byte(account), 0o600); err != nil {
		return err
	}
	_, err := run(ctx, t.Command(ctx, t.program("mysqld"), "--defaults-file="+t.File("my.cnf"), "--initialize-insecure", "--init-file="+script, "--skip-ndbcluster", "--innodb-doublewrite=OFF", "--innodb-flush-method=nosync"))
	if err := errors.Join(err, os.Remove(script)); err != nil {
		return fmt.Errorf("make an SQL node of our own: %w; the end of its log:\n%s", err, scratch.LogEnd(t.File("sql.log")))
	}
	ended, err := t.launch(t.File("sql.out"), t.program("mysqld"), "--defaults-file="+t.File("my.cnf"))
	if err == nil {
		err = await(ctx, ended, t.File("sql.log"), t.serves)
	}
	if err != nil {
		return fmt.Errorf("start an SQL node of our own: %w", err)
	}
	return nil
}

// serves asks whether the SQL node is in the cluster, and has made there what it needs itself.
func (t *throwaway) serves(ctx context.Context) error {
	nodes, err := t.db.value(ctx, "SELECT COUNT(*) FROM ndbinfo.nodes")
	if err == nil && nodes == "0" { // what ndbinfo says while it has no contact
		err = errors.New("it sees no data node")
	}
	if err == nil {
		_, err = t.db.value(ctx, "SELECT COUNT(*) FROM mysql.ndb_apply_status")
	}
	return err
}

// A process is a server that we started.
type process struct {
	name, log string
	ended     chan struct{} // is closed when it has
	how       error         // then, never nil
}

func (t *throwaway) launch(log, program string, args ...string) (*process, error) {
	ended, err := t.Launch(log, program, args...)
	if err != nil {
		return nil, err
	}
	p := &process{name: filepath.Base(program), log: log, ended: make(chan struct{})}
	t.mu.Lock()
	t.servers = append(t.servers, p)
	t.mu.Unlock()
	go func() { // it ends with the server
		defer close(p.ended)
		if p.how = <-ended; p.how == nil {
			p.how = errors.New("it was shut down")
		}
	}()
	return p, nil
}

// gone says which server has ended, and how; nil if the cluster serves, or was never started. Whatever a client says then,
// it says nothing of the backup.
func (t *throwaway) gone(ctx context.Context) error {
	ask, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.servers) == 0 || t.serves(ask) == nil {
		return nil
	}
	moment := time.After(patience) // a server that was killed is known a little later than felt
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, p := range t.servers {
			select {
			case <-p.ended:
				return p.gone()
			default:
			}
		}
		select {
		case <-tick.C:
		case <-moment:
			return errors.New("the throw-away cluster no longer serves: its logs say why; prove the backup again")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (p *process) gone() error {
	err := fmt.Errorf("%s of the throw-away cluster ended: %w; the end of its log:\n%s", p.name, p.how, scratch.LogEnd(p.log))
	if scratch.Killed(p.how) {
		return scratch.FromOutside(err)
	}
	return err
}

// await asks until ok agrees. It gives up when the server ends.
func await(ctx context.Context, started *process, log string, ok func(context.Context) error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := ok(attempt)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-started.ended:
			return fmt.Errorf("it ended: %w; the end of its log:\n%s", started.how, scratch.LogEnd(log))
		case <-ctx.Done():
			return fmt.Errorf("%w: %w; the end of its log:\n%s", context.Cause(ctx), err, scratch.LogEnd(log))
		}
	}
}

// configure chooses ports and writes what the servers read.
func (t *throwaway) configure(s size) error {
	for _, old := range []string{"management", "data", "sql", "tmp"} {
		if err := os.RemoveAll(t.File(old)); err != nil {
			return err
		}
	}
	for _, dir := range []string{"management", "data", "tmp"} {
		if err := os.Mkdir(t.File(dir), 0o700); err != nil {
			return err
		}
	}
	var err error
	if t.at, err = newPorts(); err != nil {
		return err
	}
	text, err := json.Marshal(t.at)
	if err == nil {
		err = os.WriteFile(t.File("ports.json"), text, 0o600)
	}
	if err != nil {
		return err
	}
	if err := t.db.close(); err != nil {
		return err
	}
	t.db = openMySQL(t.sqlAddress(), scratchUser, t.at.Password)
	for _, f := range []struct {
		name string
		from *template.Template
	}{{"config.ini", configIni}, {"my.cnf", myCnf}} {
		var b bytes.Buffer
		user := ""
		if os.Geteuid() == 0 { // mysqld wants to be told that it may
			user = "root"
		}
		err := f.from.Execute(&b, map[string]any{
			"At": t.at, "Dir": t.Path, "Home": t.home, "Host": loopback, "Memory": s.dataMemory, "Limits": s.limits, "Names": slices.Sorted(maps.Keys(s.limits)),
			"Restores": restoreIDs, "ManagementID": managementID, "DataID": dataID, "SQLID": sqlID, "User": user, "Account": scratchUser,
		})
		if err == nil {
			err = os.WriteFile(t.File(f.name), b.Bytes(), 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// newPorts finds ports that nobody has on any address of this machine, which ndb_mgmd wants.
func newPorts() (ports, error) {
	p := ports{Password: rand.Text()}
	for _, into := range []*int{&p.Management, &p.Data, &p.SQL} {
		l, err := net.Listen("tcp", ":0")
		if err != nil {
			return p, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() // all are held until the last is found
		*into = l.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

var configIni = template.Must(template.New("config.ini").Parse(`# Written by kagu.
[ndbd default]
NoOfReplicas=1
DataMemory={{.Memory}}
{{- range .Names}}
{{.}}={{index $.Limits .}}
{{- end}}
RedoBuffer=32M
NoOfFragmentLogFiles=32
FragmentLogFileSize=16M
InitFragmentLogFiles=SPARSE
TimeBetweenGlobalCheckpoints=1000
AutomaticThreadConfig=0
MaxNoOfExecutionThreads=2
StopOnError=1
[ndb_mgmd]
NodeId={{.ManagementID}}
HostName={{.Host}}
PortNumber={{.At.Management}}
DataDir={{.Dir}}/management
[ndbd]
NodeId={{.DataID}}
HostName={{.Host}}
ServerPort={{.At.Data}}
DataDir={{.Dir}}/data
[mysqld]
NodeId={{.SQLID}}
HostName={{.Host}}
{{- range .Restores}}
[api]
{{- end}}
`))

var myCnf = template.Must(template.New("my.cnf").Parse(`# Written by kagu.
[mysqld]
{{- with .User}}
user={{.}}
{{- end}}
basedir={{.Home}}
datadir={{.Dir}}/sql
tmpdir={{.Dir}}/tmp
socket=mysql.sock
pid-file=mysqld.pid
log-error={{.Dir}}/sql.log
bind-address={{.Host}}
port={{.At.SQL}}
skip-name-resolve
server-id={{.SQLID}}
skip-log-bin
skip-replica-start
event-scheduler=DISABLED
performance-schema=OFF
innodb-buffer-pool-size=64M
innodb-flush-log-at-trx-commit=0
innodb-doublewrite=OFF
innodb-flush-method=nosync
max-allowed-packet=1G
ndbcluster
ndb-connectstring={{.Host}}:{{.At.Management}}
ndb-nodeid={{.SQLID}}
ndb-log-bin=OFF

[mysql]
user={{.Account}}
password="{{.At.Password}}"
host={{.Host}}
port={{.At.SQL}}
protocol=TCP
`))
