package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
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
	if !slices.Contains([]Reach{CutGroup, CutNode, CutHost}, reach) {
		return fmt.Errorf("reach %q: it is %s, %s or %s", reach, CutGroup, CutNode, CutHost)
	}
	return l.each(node, func(n Node) error { return l.cut(ctx, n, reach) })
}

// rules take packets as they are sent and as they are received.
type rules struct{ out, in []string }

func (l *Lab) cut(ctx context.Context, n Node, reach Reach) error {
	r := l.kind().cutRules(l, n, reach)
	return l.nft(ctx, l.chains(n, "input", r.in)+l.chains(n, "output", r.out))
}

// Join undoes the cut of a node; it is no error if there is none.
func (l *Lab) Join(ctx context.Context, node string) error {
	return l.each(node, func(n Node) error { return l.nft(ctx, l.chains(n, "input", nil)+l.chains(n, "output", nil)) })
}

// chains puts the rules of one hook in the place of those of an earlier cut of the node.
func (l *Lab) chains(n Node, hook string, rules []string) string {
	chain := n.Name + "_" + hook
	text := fmt.Sprintf("table ip %[1]s { chain %[2]s { }; }\ndelete chain ip %[1]s %[2]s\n", l.table(), chain)
	if len(rules) > 0 {
		text += fmt.Sprintf(`table ip %s {
	chain %s {
		type filter hook %s priority 0; policy accept;
		%s
	}
}
`, l.table(), chain, hook, strings.Join(rules, "\n\t\t"))
	}
	return text
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
