package store

import (
	"fmt"
	"strings"
)

const (
	maxName    = 512 // S3 has 1024 for prefix and name
	maxSegment = 200 // a file system has 255 for a file's name
)

// Marker is the object that every store has at its top. A folder without it is not mounted or
// not ours; in a bucket it shows what the server can do. It is no name for anything else, and
// not listed.
const Marker = "kagu-store"

// CheckName says why something cannot be the name of an object, or nil. Names are segments of
// letters, digits, "-", "_" and "." with "/" between them; no segment begins with ".".
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrName)
	case len(name) > maxName:
		return fmt.Errorf("%w: %+.60q… has more than %d characters", ErrName, name[:60], maxName)
	}
	for segment := range strings.SplitSeq(name, "/") {
		if why := badSegment(segment); why != "" {
			return fmt.Errorf("%w: %+.200q %s", ErrName, name, why)
		}
	}
	if first, _, _ := strings.Cut(name, "/"); first == Marker {
		return fmt.Errorf("%w: %+.200q belongs to the store itself", ErrName, name)
	}
	return nil
}

// checkPrefix says why no name can begin like this. The last segment may be cut short anywhere.
func checkPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	whole := prefix
	if strings.HasSuffix(whole, "/") {
		whole += "x"
	}
	return CheckName(whole)
}

// badSegment says what is wrong with what stands between two slashes, "" if nothing is.
func badSegment(segment string) string {
	switch {
	case segment == "":
		return "begins or ends with a slash or has two in a row"
	case segment[0] == '.':
		return "has a segment that begins with a dot"
	case len(segment) > maxSegment:
		return fmt.Sprintf("has a segment of more than %d characters", maxSegment)
	}
	for _, c := range []byte(segment) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return `holds more than letters, digits, "-", "_", "." and "/"`
		}
	}
	return ""
}
