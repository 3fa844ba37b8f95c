package lab

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/kagu-db/kagu/internal/cluster"
)

// firstGroup is below the first of the account groups that the processes of the nodes run in,
// where root has started them. Nobody else is in these: systemd leaves them unused.
const firstGroup = 60578

// accountGroup is the account group that a node's processes run in. Data nodes and SQL nodes connect to
// management servers from 127.0.0.1 and not from their own address, whatever the connect string
// says; by the account group of a socket's owner a cut knows whose it is all the same. What
// kagu-node starts is not in it.
func (n Node) accountGroup() int { return firstGroup + n.ID }

// ownGroup is how a process is put into the node's group.
func (n Node) ownGroup() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.Credential{Gid: uint32(n.accountGroup()), NoSetGroups: true}
}

// cutRules take all packets of a node: what its address says, and what belongs to its processes.
// Within the reach of the group an SQL node's clients still have its port, a management server is
// asked as before by who is no node, and a data node loses the other data nodes only.
func (ndbKind) cutRules(l *Lab, n Node, reach Reach) rules {
	switch {
	case reach == CutGroup && n.Role == cluster.RoleManagement:
		return l.cutFromCluster(n)
	case reach == CutGroup && n.Role == cluster.RoleData:
		return l.cutFromPeers(n)
	}
	from, to := "", ""
	if reach == CutGroup && n.Role == cluster.RoleSQL {
		from, to = fmt.Sprintf("tcp sport != %d ", n.SQL), fmt.Sprintf("tcp dport != %d ", n.SQL)
	}
	return rules{
		out: []string{
			fmt.Sprintf("ip saddr %[1]s ip daddr != %[1]s %[2]sdrop", n.Address, from),
			fmt.Sprintf("ip saddr != %[1]s ip daddr %[1]s %[2]sdrop", n.Address, to),
			fmt.Sprintf("meta skgid %d ip daddr %s.0/24 ip daddr != %s %sdrop", n.accountGroup(), l.Network, n.Address, from),
		},
		in: []string{fmt.Sprintf("meta skgid %d ip saddr %s.0/24 ip saddr != %s %sdrop", n.accountGroup(), l.Network, n.Address, to)},
	}
}

// cutFromPeers takes a data node away from the other data nodes. Their connections come from their own
// addresses.
func (l *Lab) cutFromPeers(n Node) rules {
	var addresses []string
	for _, o := range l.Members(cluster.RoleData) {
		if o.Name != n.Name {
			addresses = append(addresses, o.Address)
		}
	}
	peers := "{ " + strings.Join(addresses, ", ") + " }"
	return rules{out: []string{fmt.Sprintf("ip saddr %s ip daddr %s drop", n.Address, peers), fmt.Sprintf("ip saddr %s ip daddr %s drop", peers, n.Address)}}
}

// cutFromCluster takes a management server away from all other nodes. Others ask it on the port
// on which nodes connect, and come from the same address, so it goes by whose the sockets are.
func (l *Lab) cutFromCluster(n Node) rules {
	var groups, addresses []string
	for _, o := range l.Nodes {
		if o.Name != n.Name {
			groups, addresses = append(groups, fmt.Sprint(o.accountGroup())), append(addresses, o.Address)
		}
	}
	others, theirs := "{ "+strings.Join(groups, ", ")+" }", "{ "+strings.Join(addresses, ", ")+" }"
	return rules{
		out: []string{
			fmt.Sprintf("meta skgid %s ip daddr %s drop", others, n.Address),
			fmt.Sprintf("meta skgid %d ip daddr %s drop", n.accountGroup(), theirs),
		},
		in: []string{
			fmt.Sprintf("meta skgid %s ip saddr %s drop", others, n.Address),
			fmt.Sprintf("meta skgid %d ip saddr %s drop", n.accountGroup(), theirs),
		},
	}
}
