package sshrun

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// maxKeyFile is more than any private key takes.
const maxKeyFile = 64 << 10

// readKey reads a private key that nobody but its owner can read.
func readKey(path string) (ssh.Signer, error) {
	text, err := readGuarded(path, 0o077, "others can read it")
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(text)
	if _, encrypted := errors.AsType[*ssh.PassphraseMissingError](err); encrypted {
		return nil, fmt.Errorf("%s has a passphrase, which nobody is there to type", path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not a private key", path) // the cause could quote the file
	}
	return signer, nil
}

// A pin is what known_hosts says of one host.
type pin struct {
	check      ssh.HostKeyCallback
	algorithms []string
}

// readPin reads the pinned keys of one address. A file that others can write pins nothing.
func readPin(path, address string) (pin, error) {
	if _, err := readGuarded(path, 0o022, "others can write it"); err != nil {
		return pin{}, err
	}
	check, err := knownhosts.New(path)
	if err != nil {
		return pin{}, err
	}
	algorithms, err := pinnedAlgorithms(check, address)
	if err != nil {
		return pin{}, fmt.Errorf("%s: %w", path, err)
	}
	return pin{
		algorithms: algorithms,
		check: func(name string, remote net.Addr, key ssh.PublicKey) error {
			err := check(name, remote, key)
			if _, mismatch := errors.AsType[*knownhosts.KeyError](err); mismatch {
				err = fmt.Errorf("%s shows a key that is not the pinned one (%s): a rebuilt host, or somebody in between", name, ssh.FingerprintSHA256(key))
			}
			if err != nil {
				return kinded{ErrHostKey, err}
			}
			return nil
		},
	}, nil
}

// pinnedAlgorithms returns the algorithms of the address' pinned keys, so that a host with
// several keys shows the one that is pinned. It asks with a key that nobody has: the error
// lists what would have been accepted.
func pinnedAlgorithms(check ssh.HostKeyCallback, address string) ([]string, error) {
	wanted, ok := errors.AsType[*knownhosts.KeyError](check(address, &net.TCPAddr{IP: net.IPv4zero}, nobody{}))
	if !ok || len(wanted.Want) == 0 {
		return nil, fmt.Errorf("no host key is pinned for %s", knownhosts.Normalize(address))
	}
	var algorithms []string
	for _, known := range wanted.Want {
		switch kind := known.Key.Type(); kind {
		case ssh.KeyAlgoRSA:
			algorithms = append(algorithms, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		default:
			algorithms = append(algorithms, kind)
		}
	}
	algorithms = slices.DeleteFunc(algorithms, func(a string) bool { return !slices.Contains(hostKeyAlgorithms, a) })
	if len(algorithms) == 0 {
		return nil, fmt.Errorf("the key pinned for %s is of an old kind: pin an ed25519 key", knownhosts.Normalize(address))
	}
	return algorithms, nil
}

// nobody is a public key that is in no known_hosts.
type nobody struct{ ssh.PublicKey }

func (nobody) Type() string    { return "nobody" }
func (nobody) Marshal() []byte { return nil }

// readGuarded reads a small file whose mode has none of the forbidden bits.
func readGuarded(path string, forbidden os.FileMode, because string) ([]byte, error) {
	if path == "" {
		return nil, errors.New("no file is named in the ssh section of kagu.yaml")
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Mode().Perm()&forbidden != 0 {
		return nil, fmt.Errorf("%s has mode %04o: %s", path, info.Mode().Perm(), because)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxKeyFile))
}
