package inventory

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxSize is far above any fleet's file and far below what would hurt to parse.
const maxSize = 1 << 20

// Load reads and checks the file and every secret it refers to. See doc.go for what it
// refuses. The error is of type Faults if the file itself could be read.
func Load(path string) (*Fleet, error) { return load(path, true) }

// LoadWithoutSecrets is Load for a program that needs no secret and has no right to read
// one, such as kagu-node: no file but kagu.yaml is opened.
func LoadWithoutSecrets(path string) (*Fleet, error) { return load(path, false) }

func load(path string, secrets bool) (*Fleet, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the fleet: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read the fleet: %w", err)
	}
	r := &reader{file: path, dir: filepath.Dir(path), secrets: secrets}
	return r.fleet(data)
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
