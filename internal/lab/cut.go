package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// nftCommand is where Debian keeps nft.
const nftCommand = "/usr/sbin/nft"

// A Reach says how much of a node a cut takes off the network.
type Reach string

// The reaches. Each holds the one before it.
const (
	CutGroup Reach = "group" // what members say to one another: membership, write sets, state transfers
	CutNode  Reach = "node"  // and what clients say to it
	CutHost  Reach = "host"  // and all else: the host is gone
)

// ErrNeedsRoot says that only root may change the rules of the network.
var ErrNeedsRoot = errors.New("a cut needs root (CAP_NET_ADMIN), for nftables")

// table is the name of our own nftables table; no other is ever looked at.
func (l *Lab) table() string { return "kagu_lab_" + l.ID }

// Cut drops what goes between the node and everyone else, both ways and without a word, as a
// broken switch does. The node still reaches itself.
func (l *Lab) Cut(ctx context.Context, node string, reach Reach) error {
	n, err := l.Node(node)
	if err != nil {
		return err
	}
	ports := map[Reach]string{
		CutGroup: fmt.Sprintf("{ %d, %d, %d }", n.Group, n.IST, n.SST),
		CutNode:  fmt.Sprintf("{ %d, %d, %d, %d }", n.Group, n.IST, n.SST, n.SQL),
	}
	var rules []string
	a := n.Address
	if reach == CutHost {
		rules = []string{fmt.Sprintf("ip saddr %s ip daddr != %s drop", a, a), fmt.Sprintf("ip saddr != %s ip daddr %s drop", a, a)}
	} else {
		own, ok := ports[reach]
		if !ok {
			return fmt.Errorf("reach %q: it is %s, %s or %s", reach, CutGroup, CutNode, CutHost)
		}
		rules = []string{
			fmt.Sprintf("ip saddr != %s ip daddr %s tcp dport %s drop", a, a, own),
			fmt.Sprintf("ip saddr %s ip daddr != %s tcp sport %s drop", a, a, own),
		}
		for _, peer := range l.Nodes { // what this node started: it is the client there
			if peer.Name != n.Name {
				theirs := fmt.Sprintf("{ %d, %d, %d }", peer.Group, peer.IST, peer.SST)
				rules = append(rules,
					fmt.Sprintf("ip saddr %s ip daddr %s tcp dport %s drop", a, peer.Address, theirs),
					fmt.Sprintf("ip saddr %s ip daddr %s tcp sport %s drop", peer.Address, a, theirs))
			}
		}
	}
	// Making the chain anew replaces an earlier cut of the same node.
	return l.nft(ctx, fmt.Sprintf(`table ip %[1]s
table ip %[1]s { chain %[2]s { }; }
delete chain ip %[1]s %[2]s
table ip %[1]s {
	chain %[2]s {
		type filter hook output priority 0; policy accept;
		%[3]s
	}
}
`, l.table(), n.Name, strings.Join(rules, "\n\t\t")))
}

// Join undoes the cut of a node; it is no error if there is none.
func (l *Lab) Join(ctx context.Context, node string) error {
	n, err := l.Node(node)
	if err != nil {
		return err
	}
	return l.nft(ctx, fmt.Sprintf("table ip %[1]s { chain %[2]s { }; }\ndelete chain ip %[1]s %[2]s\n", l.table(), n.Name))
}

// uncut removes our table, if we could have made one at all.
func (l *Lab) uncut(ctx context.Context) error {
	if _, err := os.Stat(nftCommand); err != nil {
		return nil
	}
	err := l.nft(ctx, fmt.Sprintf("table ip %[1]s\ndelete table ip %[1]s\n", l.table()))
	if errors.Is(err, ErrNeedsRoot) {
		return nil
	}
	return err
}

func (l *Lab) nft(ctx context.Context, script string) error {
	if _, err := os.Stat(nftCommand); err != nil {
		return &MissingError{Programs: []string{nftCommand}, Packages: []string{"nftables"}}
	}
	cmd := exec.CommandContext(ctx, nftCommand, "-f", "-")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	if err != nil && strings.Contains(string(out), "Operation not permitted") {
		return ErrNeedsRoot
	}
	if err != nil {
		return fmt.Errorf("nft: %w: %s", err, out)
	}
	return nil
}
