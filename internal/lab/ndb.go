package lab

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// NDBHome is the environment variable that names an unpacked MySQL NDB Cluster tree: the
// folder with bin/ndb_mgmd in it. Debian has no package of it.
const NDBHome = "KAGU_NDB_HOME"

// The largest NDB cluster a lab runs.
const (
	MaxManagement = 2
	MaxData       = 4
	MaxSQL        = 4
)

// Node ids. Those of data nodes end at 144, all others at 255. The free ones are for tools
// such as ndb_restore.
const (
	firstManagementID = 1
	firstDataID       = 11
	firstSQLID        = 51
	firstFreeID       = 101
	freeIDs           = 8
)

// ndbKind is what the lab knows of NDB Cluster.
type ndbKind struct{}

// place gives each node an address of its own, and management servers a port that nobody on
// this machine has: before ndb_mgmd listens where it was told to, it makes sure that its port
// is free on all addresses.
func (ndbKind) place(l *Lab, o Options, given book) error {
	rows := []struct {
		letter string
		role   cluster.Role
		first  int
		count  int
	}{
		{"m", cluster.RoleManagement, firstManagementID, o.Management},
		{"d", cluster.RoleData, firstDataID, o.Data + o.Spare},
		{"s", cluster.RoleSQL, firstSQLID, o.SQL},
	}
	for _, r := range rows {
		for i := range r.count {
			n := Node{Name: fmt.Sprint(r.letter, i+1), Role: r.role, ID: r.first + i}
			n.Address = fmt.Sprintf("%s.%d", l.Network, n.ID)
			n.Dir = l.file(n.Name)
			var err error
			switch r.role {
			case cluster.RoleManagement:
				n.Port, err = given.takeEverywhere(n.Address, 20000+rand.IntN(10000))
			case cluster.RoleData:
				n.Spare = i >= o.Data
				n.Port, err = given.take(n.Address, 11860)
			case cluster.RoleSQL:
				n.SQL, err = given.take(n.Address, 3306)
			}
			if err != nil {
				return err
			}
			if slices.Contains(o.Services, SSH) {
				if n.SSH, err = given.take(n.Address, 2222); err != nil {
					return err
				}
			}
			l.Nodes = append(l.Nodes, n)
		}
	}
	return nil
}

// ndbProgram is the path of a program of the tree.
func (l *Lab) ndbProgram(name string) string { return filepath.Join(l.Home, "bin", name) }

// connectStringOf names all management servers for a node of the lab, which shall come from its own
// address, so that a cut can tell what is its.
func (l *Lab) connectStringOf(n Node) string {
	var hosts []string
	for _, m := range l.Members(cluster.RoleManagement) {
		hosts = append(hosts, "bind-address="+n.Address+";"+m.ManagementAddress())
	}
	return strings.Join(hosts, ",")
}

// ndbArgv is the command line of a node. It never erases data: a management server reads
// config.ini when it has no configuration yet, and a data node formats an empty folder.
func (l *Lab) ndbArgv(n Node) []string {
	id := "--ndb-nodeid=" + strconv.Itoa(n.ID)
	switch n.Role {
	case cluster.RoleManagement:
		return []string{
			l.ndbProgram("ndb_mgmd"), "--no-defaults", id, "--config-file=" + l.ndbConfig(),
			"--configdir=" + n.DataDir(), "--bind-address=" + n.Address,
		}
	case cluster.RoleData:
		return []string{l.ndbProgram("ndbmtd"), "--no-defaults", id, "--ndb-connectstring=" + l.connectStringOf(n)}
	default:
		return []string{l.ndbProgram("mysqld"), "--defaults-file=" + n.config()}
	}
}

func (ndbKind) launch(l *Lab, n Node) (Process, error) {
	return l.spawnDaemon(n, l.ndbArgv(n)...)
}

// serves compares the program and the one argument that no other node of the lab has.
func (ndbKind) serves(l *Lab, n Node, argv []string) bool {
	own := l.ndbArgv(n)
	mark := own[1]
	if n.Role != cluster.RoleSQL {
		mark = own[2]
	}
	return len(argv) > 0 && argv[0] == own[0] && slices.Contains(argv, mark)
}

// rootUser is the account that mysqld --initialize makes. Its password is in a file.
const rootUser = "root"

func (ndbKind) admin(l *Lab) (user, password string, err error) {
	password, err = l.password(rootUser)
	return rootUser, password, err
}

func (ndbKind) list(l *Lab, c *clusterFile, hosts map[string]hostFile) {
	for _, n := range l.Nodes {
		hosts[n.Name] = hostFile{Address: n.Address, SSHPort: n.SSH}
		f := nodeFile{
			ID: n.ID, Name: n.Name, Host: n.Name, Start: l.ndbArgv(n),
			DataDir: n.DataDir(), PIDFile: n.pidFile(), ErrorLog: n.ErrorLog(),
		}
		switch n.Role {
		case cluster.RoleManagement:
			f.Address = n.ManagementAddress()
			c.Management = append(c.Management, f)
		case cluster.RoleData:
			c.Data = append(c.Data, f)
		case cluster.RoleSQL:
			f.SQL = n.SQLAddress()
			c.SQL = append(c.SQL, f)
		}
	}
}

// client for a data node is none: it is asked through the others.
func (ndbKind) client(l *Lab, n Node) string {
	switch n.Role {
	case cluster.RoleManagement:
		return fmt.Sprintf("%s --ndb-connectstring=%s", l.ndbProgram("ndb_mgm"), n.ManagementAddress())
	case cluster.RoleSQL:
		return fmt.Sprintf("%s --defaults-file=%s", l.ndbProgram("mysql"), n.config())
	default:
		return ""
	}
}
