package inventory

import (
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

// Fleet is the content of kagu.yaml, checked: every name in it resolves.
type Fleet struct {
	Site        string
	Credentials map[string]Credential
	SSH         SSH
	Remediator  Remediator
	Slack       Slack
	Backup      Backupd
	Hosts       map[string]Host
	Clusters    []Cluster // in the order of the file

	// Warnings are what is allowed and unwise, such as two data members and nobody to
	// break a tie. Sorted by line.
	Warnings []Fault
}

// Credential is an account on a database.
type Credential struct {
	Name         string
	User         string
	PasswordFile string // complete
	Password     Secret // from PasswordFile; empty if the program that loads has no use for it
}

// SSH says how the remediator reaches kagu-node. The host keys are pinned: a host that is
// not in KnownHostsFile is refused.
type SSH struct {
	User           string
	KeyFile        string
	KnownHostsFile string
}

// Remediator says where the remediator's API is, for kagu.
type Remediator struct {
	URL string // default http://127.0.0.1:10043
}

// Slack says where the remediator sends its own messages.
type Slack struct {
	Webhook Secret // the incoming webhook's URL, from webhook_file; empty: no Slack
	Channel string // optional
}

// Host is a machine.
type Host struct {
	Name    string
	Address string // IP address or DNS name, without a port
	SSHPort int    // default 22
}

// Cluster is one cluster of the fleet. Kind says which of the lists are used.
type Cluster struct {
	Name       string
	Kind       cluster.Kind
	Mode       cluster.Mode // default observe
	Credential Credential   // the account to observe with; default the credential named "monitor"
	TLS        *TLS         // of the SQL connections; never nil after Load
	Policy     Policy

	Nodes      []Node      // galera
	Arbitrator *Arbitrator // galera, optional

	Management    []Node         // ndb
	ManagementTLS *ManagementTLS // ndb, optional; without it management servers are spoken with in clear text
	Data          []Node         // ndb
	SQL           []Node         // ndb

	Proxy  *Proxy  // optional
	Backup *Backup // optional
}

// TLSMode says how far a SQL connection insists on TLS.
type TLSMode string

// The modes of TLS.
const (
	TLSOff       TLSMode = "off"
	TLSPreferred TLSMode = "preferred" // if the server offers it, without checking who it is
	TLSVerify    TLSMode = "verify"    // or no connection
)

// TLS says how the SQL connections of a cluster are encrypted. File names are complete.
type TLS struct {
	Mode       TLSMode // default preferred
	CAFile     string  // default the system's authorities
	CertFile   string  // our certificate, with KeyFile; optional
	KeyFile    string
	ServerName string // the name in the server's certificate; default the host of the address
}

// ManagementTLS says how connections to the management servers of an NDB Cluster are secured:
// TLS 1.3, each side with a certificate of the cluster's own authority. File names are complete.
type ManagementTLS struct {
	Mode     TLSMode // TLSVerify, or TLSPreferred: in clear text with a server that has no certificate
	CAFile   string  // NDB-Cluster-cert
	CertFile string  // ndb-api-cert
	KeyFile  string  // ndb-api-private-key
}

// Policy bounds what the remediator does on a cluster.
type Policy struct {
	Cooldown      time.Duration // after an act on the cluster, successful or not; default 10m
	MaxAlertAge   time.Duration // an alert older than this is not acted on; default 30m
	VerifyFor     time.Duration // how long a healed cluster must stay healthy to count; default 10s
	VerifyTimeout time.Duration // how long healing may take before it counts as failed; default 10m
	MinDiskFree   float64       // share of the data directory's file system, 0 to 1; default 0.05
}

// Node is one process of a database on a host.
type Node struct {
	Name   string // for NDB nodes "ndb-<id>" unless named
	Role   cluster.Role
	ID     int // NDB node id; 0 for Galera
	Host   Host
	SQL    string // address:port of the SQL listener; members and SQL nodes
	Listen string // address:port of an NDB management server

	Service string   // systemd unit; either this or Start
	Start   []string // argv of the server for a host without systemd; absolute path first

	DataDir   string // where grastate.dat is; default /var/lib/mysql for a Galera member
	BackupDir string // BackupDataDir of a data node, if it is not its DataDir
	PIDFile   string // needed with Start
	ErrorLog  string // optional: its last lines go into reports
}

// Arbitrator is garbd: a member of a Galera cluster that votes and holds no data.
type Arbitrator struct {
	Host    Host
	Service string
}

// Proxy is the proxy in front of a cluster.
type Proxy struct {
	Kind    string // haproxy
	Socket  string // path of the admin socket
	Backend string
}
