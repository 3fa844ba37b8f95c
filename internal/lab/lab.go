package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

// ClusterName is the name of the lab's cluster, in kagu.yaml and in wsrep_cluster_name.
const ClusterName = "lab"

// stateFile is where a lab writes down what it is.
const stateFile = "lab.json"

// ErrNoLab says that there is no lab in a folder.
var ErrNoLab = errors.New("no lab")

// A Lab is a running set of servers. It is what lab.json holds. Several goroutines may use it
// at once.
type Lab struct {
	ID        string       `json:"id"` // the value of KAGU_LAB
	Dir       string       `json:"dir"`
	Bin       string       `json:"bin,omitempty"`
	Begun     time.Time    `json:"begun"`
	Boot      string       `json:"boot"`  // of the machine; numbers of processes mean nothing in another
	Owner     Process      `json:"owner"` // the program that started the lab
	Ephemeral bool         `json:"ephemeral"`
	Ready     bool         `json:"ready"` // false while it starts, and for ever if that was cut short
	Kind      cluster.Kind `json:"kind"`
	Mode      cluster.Mode `json:"mode"`
	Profile   Profile      `json:"profile,omitempty"`
	BinLog    bool         `json:"binlog,omitempty"`
	Pool      int          `json:"pool,omitempty"` // MiB
	Rules     string       `json:"rules"`
	Account   string       `json:"account"` // of the system, that started the lab and logs in over SSH
	Network   string       `json:"network"` // the first three bytes, such as 127.91.7

	// Of an NDB cluster only.
	Home       string            `json:"ndb_home,omitempty"`   // the tree its programs come from
	Parameters map[string]string `json:"parameters,omitempty"` // of config.ini's [ndbd default]; see Options

	Nodes     []Node             `json:"nodes"`
	Addresses map[Service]string `json:"addresses"` // host:port of what listens
	Processes []Process          `json:"processes"` // what the lab itself started; see started

	mu sync.Mutex // guards Processes, and lab.json
}

// A Node is one server of the cluster, and the host it pretends to be on.
type Node struct {
	Name    string       `json:"name"`
	Role    cluster.Role `json:"role"`
	ID      int          `json:"id,omitempty"` // NDB's node id
	Address string       `json:"address"`      // of the host
	SQL     int          `json:"sql_port,omitempty"`
	Group   int          `json:"group_port,omitempty"` // this and the two below: Galera
	IST     int          `json:"ist_port,omitempty"`
	SST     int          `json:"sst_port,omitempty"`
	Port    int          `json:"port,omitempty"`  // of an NDB management server or data node
	Spare   bool         `json:"spare,omitempty"` // a data node in no node group
	SSH     int          `json:"ssh_port,omitempty"`
	Dir     string       `json:"dir"` // my.cnf, data, socket and log
}

// SQLAddress is where the node answers clients.
func (n Node) SQLAddress() string { return fmt.Sprintf("%s:%d", n.Address, n.SQL) }

// Endpoint is where the node listens, for whoever shows it.
func (n Node) Endpoint() string {
	if n.Port != 0 {
		return fmt.Sprintf("%s:%d", n.Address, n.Port)
	}
	return n.SQLAddress()
}

// ManagementAddress is where an NDB management server answers.
func (n Node) ManagementAddress() string { return fmt.Sprintf("%s:%d", n.Address, n.Port) }

// Socket is the node's socket for the lab's own account, which may do everything.
func (n Node) Socket() string { return filepath.Join(n.Dir, "sql.sock") }

// DataDir is the node's data directory.
func (n Node) DataDir() string { return filepath.Join(n.Dir, "data") }

// ErrorLog is the file the server writes its messages to.
func (n Node) ErrorLog() string {
	switch n.Role {
	case cluster.RoleManagement:
		return filepath.Join(n.DataDir(), fmt.Sprintf("ndb_%d_cluster.log", n.ID))
	case cluster.RoleData:
		return filepath.Join(n.DataDir(), fmt.Sprintf("ndb_%d_out.log", n.ID))
	default:
		return filepath.Join(n.Dir, "error.log")
	}
}

func (n Node) pidFile() string {
	switch n.Role {
	case cluster.RoleManagement, cluster.RoleData: // named by themselves
		return filepath.Join(n.DataDir(), fmt.Sprintf("ndb_%d.pid", n.ID))
	case cluster.RoleSQL:
		return filepath.Join(n.Dir, "mysqld.pid")
	default:
		return filepath.Join(n.Dir, "mariadbd.pid")
	}
}
func (n Node) outputLog() string { return filepath.Join(n.Dir, "output.log") }

func (n Node) tmpDir() string { return filepath.Join(n.Dir, "tmp") }

func (n Node) config() string { return filepath.Join(n.Dir, "my.cnf") }

// Open returns the lab in a folder.
func Open(dir string) (*Lab, error) {
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w in %s", ErrNoLab, dir)
	case err != nil:
		return nil, fmt.Errorf("read the lab: %w", err)
	}
	l := &Lab{}
	if err := json.Unmarshal(text, l); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, stateFile), err)
	}
	if l.ID == "" || l.Dir != dir {
		return nil, fmt.Errorf("%s does not describe a lab in this folder", filepath.Join(dir, stateFile))
	}
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	if l.Boot != boot { // the machine was restarted: what has those numbers now is not ours
		l.Processes, l.Owner = nil, Process{}
	}
	return l, nil
}

// bootID is a random value that the kernel makes each time the machine starts.
func bootID() (string, error) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text)), err
}

// started returns what the lab itself started, the ended included.
func (l *Lab) started() []Process {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.Processes)
}

// save writes lab.json so that a reader sees the old or the new one, never half.
func (l *Lab) save() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(l.Dir, stateFile), append(text, '\n'))
}

// writeFile writes a file that only this account may read, whole or not at all.
func writeFile(path string, content []byte) error {
	next := path + ".new"
	if err := os.WriteFile(next, content, 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// Node returns the node of that name.
func (l *Lab) Node(name string) (Node, error) {
	for _, n := range l.Nodes {
		if n.Name == name {
			return n, nil
		}
	}
	names := make([]string, len(l.Nodes))
	for i, n := range l.Nodes {
		names[i] = n.Name
	}
	return Node{}, fmt.Errorf("no node %q; there are %v", name, names)
}

// Config is the lab's kagu.yaml.
func (l *Lab) Config() string { return l.file("kagu.yaml") }

// SlackFile holds what the stand-in for Slack received, one JSON object a line.
func (l *Lab) SlackFile() string { return l.file("slack.jsonl") }

// URL is the address of a service's web page.
func (l *Lab) URL(s Service) string { return "http://" + l.Addresses[s] }

// Has tells whether the lab runs the service.
func (l *Lab) Has(s Service) bool {
	_, ok := l.Addresses[s]
	return ok
}

func (l *Lab) file(elem ...string) string { return filepath.Join(append([]string{l.Dir}, elem...)...) }
