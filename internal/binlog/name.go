package binlog

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
)

// A Log is a binary log that a server has.
type Log struct {
	Name string
	Size uint64
}

var shape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,100}\.[0-9]{6,}$`)

// Name lets the name of a binary log pass that may stand in a query, on a command line and in a path.
func Name(file string) (string, error) {
	if !shape.MatchString(file) {
		return "", fmt.Errorf("%+.60q is not the name of a binary log", file)
	}
	return file, nil
}

// After reports whether a log is the other one or one that follows it.
func After(file, other string) bool {
	base, n := number(file)
	otherBase, m := number(other)
	return base == otherBase && n >= m
}

// number returns the number of a binary log; its name is what is before the last dot.
func number(file string) (base string, n uint64) {
	ext := filepath.Ext(file)
	if ext == "" {
		return file, 0
	}
	n, _ = strconv.ParseUint(ext[1:], 10, 64) // what is no number counts as none
	return file[:len(file)-len(ext)], n
}
