package lab

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"text/template"

	"github.com/kagu-db/kagu/internal/cluster"
)

// ndbDefaults are the parameters of the data nodes: as little memory as it works with, redo
// files that take room only when written, and a lost peer noticed in seconds. What is not
// here is NDB's own default.
var ndbDefaults = map[string]string{
	"NoOfReplicas":                 "2",
	"DataMemory":                   "64M",
	"SharedGlobalMemory":           "20M",
	"LongMessageBuffer":            "4M",
	"DiskPageBufferMemory":         "4M",
	"RedoBuffer":                   "2M",
	"NoOfFragmentLogFiles":         "4",
	"FragmentLogFileSize":          "4M",
	"InitFragmentLogFiles":         "SPARSE",
	"MaxNoOfConcurrentOperations":  "16384",
	"TimeBetweenGlobalCheckpoints": "1000",
	"HeartbeatIntervalDbDb":        "1500",
	"HeartbeatIntervalDbApi":       "1500",
	"AutomaticThreadConfig":        "0",
	"MaxNoOfExecutionThreads":      "2",
	"StartNoNodegroupTimeout":      "1", // ms: nobody waits for spare nodes
	"StopOnError":                  "0", // the angel starts the data process again
}

var configIni = template.Must(template.New("config.ini").Parse(`# Written by kagu lab.
[ndb_mgmd default]
ArbitrationRank=1

[ndbd default]
{{- range .Parameters}}
{{.}}
{{- end}}
{{range .Management}}
[ndb_mgmd]
NodeId={{.ID}}
HostName={{.Address}}
PortNumber={{.Port}}
DataDir={{.DataDir}}
{{end}}
{{- range .Data}}
[ndbd]
NodeId={{.ID}}
HostName={{.Address}}
ServerPort={{.Port}}
DataDir={{.DataDir}}
{{- if .Spare}}
NodeGroup=65536
{{- end}}
{{end}}
{{- range .SQL}}
[mysqld]
NodeId={{.ID}}
HostName={{.Address}}
{{end}}
{{- range .Free}}
[api]
NodeId={{.}}
{{end}}`))

// ndbConfigText is the cluster's config.ini.
func (l *Lab) ndbConfigText() (string, error) {
	parameters := maps.Clone(ndbDefaults)
	maps.Copy(parameters, l.Parameters)
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		lines = append(lines, name+"="+parameters[name])
	}
	var free []int
	for i := range freeIDs {
		free = append(free, firstFreeID+i)
	}
	var text bytes.Buffer
	err := configIni.Execute(&text, map[string]any{
		"Parameters": lines, "Management": l.Members(cluster.RoleManagement), "Data": l.Members(cluster.RoleData),
		"SQL": l.Members(cluster.RoleSQL), "Free": free,
	})
	return text.String(), err
}

func (l *Lab) ndbConfig() string { return l.file("config.ini") }

var ndbMyCnf = template.Must(template.New("my.cnf").Parse(`# Written by kagu lab.
[mysqld]
{{- with .User}}
user = {{.}}
{{- end}}
basedir = {{.Home}}
datadir = {{.Node.DataDir}}
socket = {{.Node.Socket}}
pid-file = {{.PIDFile}}
log-error = {{.Node.ErrorLog}}
bind-address = {{.Node.Address}}
port = {{.Node.SQL}}
skip-name-resolve
server-id = {{.Node.ID}}
performance-schema = OFF
innodb-buffer-pool-size = 32M
innodb-redo-log-capacity = 32M
innodb-flush-log-at-trx-commit = 2
log-bin = binlog
sync-binlog = 0
ndbcluster
ndb-connectstring = "{{.Connect}}"
ndb-nodeid = {{.Node.ID}}
ndb-log-bin = ON

[client]
user = {{.Admin}}
password = {{.Password}}
socket = {{.Node.Socket}}
`))

// ndbMyCnfText is an SQL node's my.cnf. A client that reads it logs in with all rights.
func (l *Lab) ndbMyCnfText(n Node) (string, error) {
	user, password, err := l.kind().admin(l)
	if err != nil {
		return "", err
	}
	systemUser := ""
	if os.Geteuid() == 0 { // mysqld wants to be told that it may
		systemUser = "root"
	}
	var text bytes.Buffer
	err = ndbMyCnf.Execute(&text, map[string]any{
		"User": systemUser, "Home": l.Home, "Node": n, "PIDFile": n.pidFile(), "Connect": l.connectStringOf(n),
		"Admin": user, "Password": password,
	})
	return text.String(), err
}
