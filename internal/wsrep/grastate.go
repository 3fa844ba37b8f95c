package wsrep

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// maxFile is more than a state file ever has.
const maxFile = 64 << 10

// ParseGrastate reads grastate.dat. The seqno is -1 while the server runs and after a crash; the
// UUID is all zero if the node never was in a cluster or holds an unusable state. A file that
// lacks a line, or whose last line is cut, is an error: half a position is no position.
func ParseGrastate(r io.Reader) (cluster.SavedPosition, error) {
	p, err := parseGrastate(r)
	if err != nil {
		return cluster.SavedPosition{}, fmt.Errorf("read grastate: %w", err)
	}
	return p, nil
}

func parseGrastate(r io.Reader) (cluster.SavedPosition, error) {
	var p cluster.SavedPosition
	fields, err := stateFields(r)
	if err != nil {
		return p, err
	}
	uuid, ok := fields["uuid"]
	if !ok {
		return p, errors.New("no uuid")
	}
	if ParseUUID(uuid) == "" && uuid != zeroUUID {
		return p, fmt.Errorf("uuid %.40q is none", uuid)
	}
	seqno, ok := fields["seqno"]
	if !ok {
		return p, errors.New("no seqno")
	}
	if p.Seqno, err = strconv.ParseInt(seqno, 10, 64); err != nil || p.Seqno < -1 {
		return p, fmt.Errorf("seqno %.40q is none", seqno)
	}
	safe, ok := fields["safe_to_bootstrap"]
	if !ok && newerThan20(fields["version"]) {
		return p, errors.New("no safe_to_bootstrap")
	}
	switch safe {
	case "1":
		p.SafeToBootstrap = true
	case "0", "":
	default:
		return p, fmt.Errorf("safe_to_bootstrap %.40q is neither 0 nor 1", safe)
	}
	p.UUID = uuid
	return p, nil
}

const zeroUUID = "00000000-0000-0000-0000-000000000000"

// newerThan20 tells whether a file of this version has the line safe_to_bootstrap.
func newerThan20(version string) bool {
	v, err := strconv.ParseFloat(version, 64)
	return err != nil || v > 2.0
}

// stateFields reads "key: value" lines up to the last newline; the server pads a file that
// got shorter with blanks. Comments are left out.
func stateFields(r io.Reader) (map[string]string, error) {
	text, err := readAll(r, maxFile)
	if err != nil {
		return nil, err
	}
	end := strings.LastIndexByte(text, '\n')
	if tail := strings.Trim(text[end+1:], " \x00"); tail != "" {
		return nil, fmt.Errorf("the last line is cut: %.40q", tail)
	}
	fields := map[string]string{}
	for line := range strings.SplitSeq(text[:end+1], "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("line %.40q has no colon", line)
		}
		if _, twice := fields[key]; twice {
			return nil, fmt.Errorf("%.40q comes twice", key)
		}
		fields[key] = strings.TrimSpace(value)
	}
	return fields, nil
}

func readAll(r io.Reader, limit int64) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return "", err
	}
	if int64(len(text)) > limit {
		return "", errors.New("the file is too long")
	}
	return string(text), nil
}
