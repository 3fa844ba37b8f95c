package host

import (
	"strings"
)

// bootstraps refuses a start command that would begin a new cluster. The server takes any
// unambiguous beginning of an option's name, - and _ for the same, and prefixes such as
// loose; an empty gcomm:// is a bootstrap too. What the server's own option files say is not
// looked at: they are the database's, and whoever writes gcomm:// there has decided.
func bootstraps(argv []string) error {
	for i, arg := range argv {
		name, value, joined := strings.Cut(arg, "=")
		name = strings.ReplaceAll(name, "_", "-")
		name, isOption := strings.CutPrefix(name, "--")
		if !isOption {
			continue
		}
		for _, prefix := range []string{"loose-", "enable-", "maximum-"} {
			name = strings.TrimPrefix(name, prefix)
		}
		if strings.HasPrefix("wsrep-new-cluster", name) && strings.HasPrefix(name, "wsrep-ne") {
			return refusef("the start command in kagu.yaml has %s, which begins a new cluster; kagu-node never does that", arg)
		}
		if strings.HasPrefix("wsrep-cluster-address", name) && strings.HasPrefix(name, "wsrep-cluster-a") {
			if !joined && i+1 < len(argv) {
				value = argv[i+1]
			}
			if peers, ok := strings.CutPrefix(value, "gcomm://"); ok && (peers == "" || peers[0] == '?') {
				return refusef("the start command in kagu.yaml has %s, which names no peer and so begins a new cluster; kagu-node never does that", arg)
			}
		}
	}
	return nil
}

// bootstrapsByEnvironment refuses to start a unit while systemd holds the variable by which
// galera_new_cluster tells the server's unit to begin a new cluster. It is unset after use,
// unless galera_new_cluster was killed in between.
func bootstrapsByEnvironment(vars []string) error {
	for _, v := range vars {
		if value, ok := strings.CutPrefix(v, "_WSREP_NEW_CLUSTER="); ok && strings.Trim(value, `'" `) != "" {
			return refusef("systemd holds _WSREP_NEW_CLUSTER, which begins a new cluster: systemctl unset-environment _WSREP_NEW_CLUSTER")
		}
	}
	return nil
}
