package inventory

import (
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kagu-db/kagu/internal/cluster"
)

// The highest node ids of an NDB Cluster; those of data nodes end earlier.
const (
	maxNodeID     = 255
	maxDataNodeID = 144
)

// Keys of a node, by role.
var nodeKeys = map[cluster.Role][]string{
	cluster.RoleMember:     {"name", "host", "sql", "service", "start", "datadir", "pid_file", "error_log"},
	cluster.RoleManagement: {"id", "name", "host", "address", "service", "start", "datadir", "pid_file", "error_log"},
	cluster.RoleData:       {"id", "name", "host", "service", "start", "datadir", "backup_dir", "pid_file", "error_log"},
	cluster.RoleSQL:        {"id", "name", "host", "sql", "service", "start", "datadir", "pid_file", "error_log"},
}

// readNodes reads one of a cluster's lists of nodes.
func (s *section) readNodes(list string, role cluster.Role) []Node {
	if !s.has(list) {
		if role != cluster.RoleSQL { // an NDB Cluster may serve API programs only
			s.missing(list, "list at least one node")
		}
		return nil
	}
	var all []Node
	for i, e := range s.items(list) {
		path := fmt.Sprintf("%s.%s[%d]", s.path, list, i)
		if ns := s.section(e.key, e.value, path, nodeKeys[role]...); ns != nil {
			all = append(all, ns.readNode(s.path, role))
		}
	}
	return all
}

func (s *section) readNode(clusterPath string, role cluster.Role) Node {
	n := Node{Role: role, Name: s.text("name")}
	if role == cluster.RoleMember {
		if !s.has("name") {
			s.missing("name", "give the node's name, the one in wsrep_node_name")
		}
	} else {
		n.ID = s.readID(clusterPath, role)
		if !s.has("name") && n.ID != 0 {
			n.Name = fmt.Sprintf("ndb-%d", n.ID)
		}
	}
	if n.Name != "" && s.name(s.where("name"), join(s.path, "name"), n.Name, plainName) {
		s.once(s.where("name"), join(s.path, "name"), "node name", clusterPath, n.Name, "names are unique within a cluster: rename one of them")
	}
	n.Host = s.host()
	switch role {
	case cluster.RoleMember, cluster.RoleSQL:
		n.SQL = s.socket("sql", "10.0.0.11:3306")
	case cluster.RoleManagement:
		n.Listen = s.socket("address", "10.0.1.1:1186")
	}
	if role == cluster.RoleData {
		n.BackupDir = s.remotePath("backup_dir")
	}
	s.readProcess(&n)
	return n
}

func (s *section) readID(clusterPath string, role cluster.Role) int {
	if !s.has("id") {
		s.missing("id", "give the node id of the cluster's config.ini")
		return 0
	}
	highest := maxNodeID
	if role == cluster.RoleData {
		highest = maxDataNodeID
	}
	id := s.whole("id", 1, highest)
	if id != 0 && !s.once(s.entries["id"].value, join(s.path, "id"), "node id", clusterPath, fmt.Sprint(id), "ids are unique within a cluster, whatever the role: correct one of them") {
		return 0 // its default name would be a second fault
	}
	return id
}

// socket reads an address that only one server of the fleet can listen on.
func (s *section) socket(key, example string) string {
	value := s.listener(key, example)
	if value != "" {
		s.once(s.entries[key].value, join(s.path, key), "address", "socket", value, "two servers cannot share it: correct one of them")
	}
	return value
}

// readProcess reads how the node is started and where its files are.
func (s *section) readProcess(n *Node) {
	n.DataDir, n.PIDFile, n.ErrorLog = s.remotePath("datadir"), s.remotePath("pid_file"), s.remotePath("error_log")
	if n.DataDir == "" && n.Role == cluster.RoleMember {
		n.DataDir = "/var/lib/mysql"
	}
	switch {
	case s.has("service") && s.has("start"):
		s.fault(s.entries["start"].key, s.path, "both service and start are given", "keep service where systemd runs, start where it does not")
	case !s.has("service") && !s.has("start"):
		s.missing("service", "name the systemd unit, such as "+exampleUnit(n.Role)+", or give start for a host without systemd")
		return
	}
	if s.has("service") {
		n.Service = s.unit(exampleUnit(n.Role))
		if n.Service != "" && n.Host.Name != "" {
			s.once(s.entries["service"].value, join(s.path, "service"), "service", n.Host.Name, n.Service, "two nodes on one host need a unit each: correct one of them")
		}
		return
	}
	n.Start = s.readStart()
	if !s.has("pid_file") {
		s.missing("pid_file", "name the file the server writes its process id to; start needs it to tell whether it runs")
	}
	if n.PIDFile != "" && n.Host.Name != "" {
		s.once(s.entries["pid_file"].value, join(s.path, "pid_file"), "pid_file", n.Host.Name, n.PIDFile, "two nodes on one host need a file each: correct one of them")
	}
}

func exampleUnit(role cluster.Role) string {
	switch role {
	case cluster.RoleManagement:
		return "ndb_mgmd.service"
	case cluster.RoleData:
		return "ndbmtd.service"
	default:
		return "mariadb.service"
	}
}

// unit reads the name of a systemd service.
func (s *section) unit(example string) string {
	value := s.need("service", "name the systemd unit, such as "+example)
	if value == "" {
		return ""
	}
	n, path := s.entries["service"].value, join(s.path, "service")
	switch {
	case !unitName.MatchString(value):
		s.fault(n, path, fmt.Sprintf("%q is not the name of a service", shorten(value)), "write the unit's full name, such as "+example)
		return ""
	case strings.HasSuffix(value, "@bootstrap.service"):
		s.fault(n, path, value+" founds a new cluster each time it starts", "name the unit that joins the cluster, such as "+example)
		return ""
	}
	return value
}

// readStart reads the command that starts a server on a host without systemd.
func (s *section) readStart() []string {
	var argv []string
	path := join(s.path, "start")
	for i, e := range s.items("start") {
		argPath := fmt.Sprintf("%s[%d]", path, i)
		arg := s.textOf(e, argPath)
		if arg == "" {
			continue
		}
		if i == 0 && !filepath.IsAbs(arg) {
			s.fault(e.value, argPath, fmt.Sprintf("%q is not a complete path", shorten(arg)), "begin it with /; PATH is not searched")
		}
		s.refuseDangerous(e.value, argPath, arg)
		argv = append(argv, arg)
	}
	return argv
}

// refuseDangerous reports arguments that must never be part of an ordinary start. Servers take
// an option with - or _ and cut short, so the beginning of the word decides.
func (s *section) refuseDangerous(at *yaml.Node, path, arg string) {
	word := strings.ToLower(strings.ReplaceAll(arg, "_", "-"))
	switch {
	case strings.Contains(word, "wsrep-new"), strings.HasSuffix(word, "galera-new-cluster"):
		s.fault(at, path, shorten(arg)+" founds a new cluster each time the node starts", "remove it; kagu bootstraps a cluster only as a plan of its own")
	case foundsCluster(word):
		s.fault(at, path, "an empty gcomm:// founds a new cluster each time the node starts", "list the members: gcomm://10.0.0.11,10.0.0.12")
	case word == "--initial" || strings.HasPrefix(word, "--ini") && strings.HasPrefix("--initial", word):
		s.fault(at, path, shorten(arg)+" erases the node's data each time it starts", "remove it")
	}
}

// foundsCluster tells whether an argument gives a cluster address without members.
func foundsCluster(word string) bool {
	_, members, found := strings.Cut(word, "gcomm://")
	return found && (members == "" || strings.ContainsAny(members[:1], "?\"' ;"))
}
