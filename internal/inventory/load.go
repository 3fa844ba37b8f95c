package inventory

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxSize is far above any fleet's file and far below what would hurt to parse.
const maxSize = 1 << 20

// Load reads and checks the file and every secret it refers to but those of backups. See doc.go
// for what it refuses. The error is Faults, by errors.As.
func Load(path string) (*Fleet, error) { return LoadFor(path, Databases, Hosts, Messages) }

// A Purpose is what a program needs secrets for. Each daemon runs as a user of its own, who
// has no right to read the secrets of another.
type Purpose struct {
	secrets secrets

	// check looks at what the secrets opened, when all else is known; nil for nothing. It is
	// reached from here alone, so the linker leaves out of a program what its purposes do not
	// need: most of SSH, in an exporter.
	check func(*reader, *Fleet)
}

// The purposes.
var (
	Databases = Purpose{secrets: ofDatabases}
	Hosts     = Purpose{secrets: ofHosts, check: (*reader).warnKnownHosts}
	Messages  = Purpose{secrets: ofMessages}
	Backups   = Purpose{secrets: ofBackups}
)

// secrets are those that belong to one purpose.
type secrets int

const (
	ofDatabases secrets = iota // passwords, and the files of TLS
	ofHosts                    // the SSH key and the pinned host keys
	ofMessages                 // Slack's webhook
	ofBackups                  // the keys that sign and open backups, and those of stores
)

// LoadFor is Load for a program that needs some of the secrets; the files of the others are
// not opened.
func LoadFor(path string, purposes ...Purpose) (*Fleet, error) { return load(path, purposes) }

// LoadWithoutSecrets is Load for a program that needs no secret and has no right to read
// one, such as kagu-node: no file but kagu.yaml is opened.
func LoadWithoutSecrets(path string) (*Fleet, error) { return load(path, nil) }

func load(path string, purposes []Purpose) (*Fleet, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unread(path, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, unread(path, err)
	}
	return newReader(path, purposes).fleet(data)
}

// unread says why the file could not be read, and what to do.
func unread(path string, err error) error {
	remedy := "--config.file or KAGU_CONFIG names the file that describes the fleet; docs/kagu.yaml.md shows one"
	if errors.Is(err, fs.ErrPermission) {
		remedy = "let the user that this runs as read it: it holds no secret, only where secrets are"
	}
	var detail *fs.PathError
	if errors.As(err, &detail) {
		err = detail.Err
	}
	return unreadable{Faults{{File: path, Message: "it cannot be read: " + err.Error(), Remedy: remedy}}, err}
}

// unreadable is the fault of a file that was not even read, with the system's reason.
type unreadable struct {
	Faults
	cause error
}

func (u unreadable) Unwrap() []error { return []error{u.Faults, u.cause} }

func newReader(path string, purposes []Purpose) *reader {
	return &reader{file: path, dir: filepath.Dir(path), purposes: purposes, unopened: map[string]func(){}, forRestores: map[string]bool{}}
}

// fleet turns the bytes of kagu.yaml into a Fleet, or says every fault.
func (r *reader) fleet(data []byte) (*Fleet, error) {
	fleet := &Fleet{}
	if top := r.document(data); top != nil {
		r.top(top, fleet)
	}
	if len(r.faults) > 0 {
		return nil, Faults(sorted(r.faults))
	}
	r.warnFleet(fleet)
	fleet.Warnings = sorted(r.warnings)
	return fleet, nil
}
