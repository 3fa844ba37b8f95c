package inventory

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// warnKnownHosts names the hosts whose key is not pinned: every verb on them will be refused.
func (r *reader) warnKnownHosts(fleet *Fleet) {
	const path = "ssh.known_hosts_file"
	known, err := knownhosts.New(fleet.SSH.KnownHostsFile)
	if err != nil {
		r.warn(r.knownHosts, path, fmt.Sprintf("cannot be used: %v", err), "make it with ssh-keyscan and compare the fingerprints on each host")
		return
	}
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(fleet.Hosts)) {
		h := fleet.Hosts[name]
		address := net.JoinHostPort(h.Address, strconv.Itoa(h.SSHPort))
		var unknown *knownhosts.KeyError
		if errors.As(known(address, &net.TCPAddr{IP: net.IPv4zero, Port: h.SSHPort}, anyKey{}), &unknown) && len(unknown.Want) == 0 {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		h := fleet.Hosts[missing[0]]
		r.warn(r.knownHosts, path, fmt.Sprintf("has no key of %s: every verb there will be refused", strings.Join(missing, ", ")),
			fmt.Sprintf("for each run ssh-keyscan as in \"ssh-keyscan -p %d %s\", compare the fingerprint on the host, and append the line", h.SSHPort, h.Address))
	}
}

// anyKey stands for a key that no host has: only whether another is expected is asked.
type anyKey struct{ ssh.PublicKey }

func (anyKey) Type() string    { return "none" }
func (anyKey) Marshal() []byte { return nil }
