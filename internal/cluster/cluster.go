package cluster

// Kind is the database a cluster runs.
type Kind string

// The kinds of cluster.
const (
	KindGalera Kind = "galera"
	KindNDB    Kind = "ndb"
)

// Role is what a node does in its cluster.
type Role string

// The roles of nodes. A Galera cluster has members and perhaps an arbitrator
// (garbd); an NDB Cluster has management servers, data nodes and SQL nodes.
const (
	RoleMember     Role = "member"
	RoleArbitrator Role = "arbitrator"
	RoleManagement Role = "management"
	RoleData       Role = "data"
	RoleSQL        Role = "sql"
)

// Mode is how far the remediator may go on a cluster.
type Mode string

// The modes, from the most careful on. In every mode a plan that can lose data
// waits for a human.
const (
	ModeObserve Mode = "observe" // diagnose and report
	ModePropose Mode = "propose" // also publish the plan and wait for approval
	ModeAuto    Mode = "auto"    // carry out plans whose steps are all safe
)

// Process is what a host says of the process of one of its nodes.
type Process string

// The states of a process. A frozen process exists but does not run (SIGSTOP, a
// frozen cgroup): it may come back at any moment, so it is never treated as absent.
const (
	ProcessUnknown Process = "unknown"
	ProcessAbsent  Process = "absent"
	ProcessRunning Process = "running"
	ProcessFrozen  Process = "frozen"
)
