package lab

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// A Service is something a lab runs beside the database servers.
type Service string

// The services. SSH is one sshd for each node's host, whose only command is kagu-node.
const (
	SSH          Service = "ssh"
	HAProxy      Service = "haproxy"
	Slack        Service = "slack" // a receiver that stands in for Slack and keeps what it gets
	Exporter     Service = "galera_exporter"
	NDBExporter  Service = "ndb_exporter"
	Remediator   Service = "remediator"
	Backupd      Service = "backupd"
	Alertmanager Service = "alertmanager"
	Prometheus   Service = "prometheus"
)

// Everything returns all services of a Galera lab, in the order in which they start.
func Everything() []Service { return ServicesFor(cluster.KindGalera) }

// ServicesFor returns the services that are of use beside a kind of cluster, in the order in
// which they start.
func ServicesFor(kind cluster.Kind) []Service {
	if kind == cluster.KindNDB {
		return []Service{SSH, NDBExporter, Backupd, Prometheus}
	}
	return []Service{SSH, HAProxy, Slack, Exporter, Remediator, Backupd, Alertmanager, Prometheus}
}

// needs says which other services one is of no use without, beside a kind of cluster.
var needs = map[cluster.Kind]map[Service][]Service{
	cluster.KindGalera: {
		Prometheus:   {Exporter, Alertmanager},
		Alertmanager: {Slack, Remediator, Exporter},
		Remediator:   {SSH},
		Backupd:      {SSH},
	},
	cluster.KindNDB: {
		Prometheus: {NDBExporter},
		Backupd:    {SSH},
	},
}

// A Profile is how soon the servers give up on a member that is silent.
type Profile string

// The profiles. Default is what Galera does unless told otherwise: five seconds. LAN suits
// members on one switch: 0.7 s. With LANRealtime the thread that says so goes before all others of
// the host.
const (
	ProfileDefault     Profile = "default"
	ProfileLAN         Profile = "lan"
	ProfileLANRealtime Profile = "lan-realtime"
)

// Profiles are all of them.
var Profiles = []string{string(ProfileDefault), string(ProfileLAN), string(ProfileLANRealtime)}

// MaxNodes is the largest cluster a lab runs.
const MaxNodes = 5

// Options says what to start. The zero value is three nodes and nothing else, in a folder
// and a network of their own.
type Options struct {
	Dir      string       // "": a new folder, and the lab is Ephemeral
	Bin      string       // folder of kagu, kagu-node, galera_exporter and remediator
	Kind     cluster.Kind // default cluster.KindGalera
	Nodes    int          // of Galera; default 3
	Services []Service    // beside the nodes; what they need comes along
	Mode     cluster.Mode // of the cluster in kagu.yaml; default observe
	Profile  Profile      // default ProfileDefault
	Rules    string       // profile of `kagu generate`; default demo
	BinLog   bool         // Galera: each node writes binary logs, with GTIDs that are the cluster's
	Pool     int          // Galera: MiB of each node's InnoDB buffer pool; default 64

	// Of an NDB cluster: how many nodes of each role, and parameters of config.ini's section
	// [ndbd default] that the lab shall set otherwise.
	Management int // 1 or 2, default 2
	Data       int // 2 or 4, default 2
	SQL        int // 1 to 4, default 2
	Spare      int // 0 or 2 data nodes more, in no node group and not started: Start starts them
	Parameters map[string]string

	// Network is the first three bytes of the lab's addresses; default a random one in 127/8.
	Network string

	// Ephemeral says that the lab is of no use without the process that starts it: the next
	// lab that starts takes it down if that process is gone.
	Ephemeral bool

	// UsualPorts puts the web pages on 127.0.0.1 with the ports everybody knows, where they
	// are free. Otherwise they are on an address of the lab's own network.
	UsualPorts bool

	// Progress is told of each step that is done; nil to stay silent.
	Progress func(step string)
}

// checked returns the options with defaults filled in.
func (o Options) checked() (Options, error) {
	var errs []error
	switch o.Kind {
	case "", cluster.KindGalera:
		o.Kind = cluster.KindGalera
		errs = append(errs, o.checkGalera())
	case cluster.KindNDB:
		errs = append(errs, o.checkNDB())
	default:
		errs = append(errs, fmt.Errorf("kind %q: a lab is %s or %s", o.Kind, cluster.KindGalera, cluster.KindNDB))
	}
	if o.Mode == "" {
		o.Mode = cluster.ModeObserve
	}
	if o.Network == "" {
		o.Network = network()
	}
	if a := net.ParseIP(o.Network + ".1"); a == nil || !a.IsLoopback() {
		errs = append(errs, fmt.Errorf("network %q: it is the first three bytes of a loopback address, such as 127.91.7", o.Network))
	}
	if o.Rules == "" {
		o.Rules = "demo"
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	services, err := withNeeds(o.Kind, o.Services)
	if err != nil {
		errs = append(errs, err)
	}
	o.Services = services
	if o.Bin == "" && len(Programs(o.Kind, services)) > 0 {
		errs = append(errs, errors.New("the folder of kagu's programs is not given"))
	}
	return o, errors.Join(errs...)
}

func (o *Options) checkGalera() error {
	var errs []error
	if o.Nodes == 0 {
		o.Nodes = 3
	}
	if o.Nodes < 1 || o.Nodes > MaxNodes {
		errs = append(errs, fmt.Errorf("%d nodes: a lab has 1 to %d", o.Nodes, MaxNodes))
	}
	if o.Profile == "" {
		o.Profile = ProfileDefault
	}
	if !slices.Contains(Profiles, string(o.Profile)) {
		errs = append(errs, fmt.Errorf("profile %q: it is one of %s", o.Profile, strings.Join(Profiles, ", ")))
	}
	if o.Pool == 0 {
		o.Pool = 64
	}
	if o.Pool < 8 {
		errs = append(errs, fmt.Errorf("pool of %d MiB: a buffer pool has 8 or more", o.Pool))
	}
	if o.Management != 0 || o.Data != 0 || o.SQL != 0 || o.Spare != 0 || len(o.Parameters) > 0 {
		errs = append(errs, errors.New("management, data and SQL nodes, and parameters, are an NDB cluster's: ask for kind ndb"))
	}
	return errors.Join(errs...)
}

var parameterName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)

// checkParameters wants of each that it stays one line of config.ini.
func checkParameters(parameters map[string]string) error {
	var errs []error
	for name, value := range parameters {
		if !parameterName.MatchString(name) || strings.ContainsAny(value, "\r\n") {
			errs = append(errs, fmt.Errorf("parameter %q: it is one line NAME=VALUE of config.ini", name))
		}
	}
	return errors.Join(errs...)
}

func (o *Options) checkNDB() error {
	var errs []error
	for _, n := range []struct {
		count       *int
		byDefault   int
		allowed     []int
		role, words string
	}{
		{&o.Management, 2, []int{1, 2}, "management servers", "1 or 2"},
		{&o.Data, 2, []int{2, 4}, "data nodes", "2 or 4"},
		{&o.SQL, 2, []int{1, 2, 3, 4}, "SQL nodes", "1 to 4"},
		{&o.Spare, 0, []int{0, 2}, "spare data nodes", "0 or 2"},
	} {
		if *n.count == 0 {
			*n.count = n.byDefault
		}
		if !slices.Contains(n.allowed, *n.count) {
			errs = append(errs, fmt.Errorf("%d %s: a lab has %s", *n.count, n.role, n.words))
		}
	}
	errs = append(errs, checkParameters(o.Parameters))
	if o.BinLog {
		errs = append(errs, errors.New("binary logs are a Galera node's here: the SQL nodes of an NDB cluster need none"))
	}
	if o.Pool != 0 {
		errs = append(errs, errors.New("the buffer pool is a Galera node's: the parameter DataMemory is what an NDB cluster holds"))
	}
	if o.Nodes != 0 {
		errs = append(errs, errors.New("nodes counts the members of a Galera cluster: an NDB cluster has management, data and SQL nodes"))
	}
	if o.Profile != "" {
		errs = append(errs, errors.New("profile is Galera's: the parameters HeartbeatIntervalDbDb and HeartbeatIntervalDbApi say how soon NDB gives up on a node"))
	}
	return errors.Join(errs...)
}

// withNeeds adds what the wanted services need, and returns all in the order of starting.
func withNeeds(kind cluster.Kind, wanted []Service) ([]Service, error) {
	useful := ServicesFor(kind)
	set := map[Service]bool{}
	var add func(s Service) error
	add = func(s Service) error {
		if !slices.Contains(useful, s) {
			return fmt.Errorf("service %q is of no use beside a cluster of kind %s: it is one of %v", s, kind, useful)
		}
		set[s] = true
		for _, n := range needs[kind][s] {
			if err := add(n); err != nil {
				return err
			}
		}
		return nil
	}
	for _, s := range wanted {
		if err := add(s); err != nil {
			return nil, err
		}
	}
	var all []Service
	for _, s := range useful {
		if set[s] {
			all = append(all, s)
		}
	}
	return all, nil
}
