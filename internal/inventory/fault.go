package inventory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with kagu.yaml, where, and what to do about it.
type Fault struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"` // from 1; 0: the file as a whole
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"` // such as clusters.backoffice.nodes[0].host
	Message string `json:"message"`        // what is wrong
	Remedy  string `json:"remedy"`         // what to do about it
}

// Error says all of it on one line: file:line:column: path: message; remedy.
func (f Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.Where())
	b.WriteString(": ")
	if f.Path != "" {
		b.WriteString(f.Path)
		b.WriteString(": ")
	}
	b.WriteString(f.Message)
	if f.Remedy != "" {
		b.WriteString("; ")
		b.WriteString(f.Remedy)
	}
	return b.String()
}

// Where returns file:line:column, or the file alone for a fault of the file as a whole.
func (f Fault) Where() string {
	if f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
}

// Faults is every fault of one file, sorted by line. It is the error Load returns.
type Faults []Fault

// Error says one fault a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the faults by line and column, each once.
func sorted(faults []Fault) []Fault {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(faults)
}
