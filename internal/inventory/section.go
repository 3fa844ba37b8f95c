package inventory

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A reader walks one kagu.yaml and collects what is wrong with it. It never stops at a fault.
type reader struct {
	file string // as the user named it
	dir  string // what relative file names are relative to

	purposes []Purpose // open the files of these

	knownHosts *yaml.Node // where the file is named

	faults   []Fault
	warnings []Fault

	hosts       map[string]Host
	credentials map[string]Credential
	stores      map[string]BackupStore
	taken       map[string]*yaml.Node // what may be there once only, and where it was first

	unopened    map[string]func() // by credential: reads its password
	forRestores map[string]bool   // credentials that restores write with
}

func (r *reader) fault(at *yaml.Node, path, message, remedy string) {
	r.faults = append(r.faults, r.at(at, path, message, remedy))
}

func (r *reader) warn(at *yaml.Node, path, message, remedy string) {
	r.warnings = append(r.warnings, r.at(at, path, message, remedy))
}

func (r *reader) at(n *yaml.Node, path, message, remedy string) Fault {
	return Fault{File: r.file, Line: max(n.Line, 1), Column: max(n.Column, 1), Path: path, Message: message, Remedy: remedy}
}

// once reports a thing that is there for the second time. The label says what it is; scope
// and value say which. It returns true for the first.
func (r *reader) once(at *yaml.Node, path, label, scope, value, remedy string) bool {
	if r.taken == nil {
		r.taken = map[string]*yaml.Node{}
	}
	key := strings.Join([]string{label, scope, value}, "\x00")
	if first, found := r.taken[key]; found {
		r.fault(at, path, fmt.Sprintf("%s %s is already used on line %d", label, value, first.Line), remedy)
		return false
	}
	r.taken[key] = at
	return true
}

// An entry is one key of a mapping with its value.
type entry struct {
	key, value *yaml.Node
}

// A section is a mapping whose keys are known in advance.
type section struct {
	*reader
	path     string
	secrets  secrets    // whose the files in it are
	at       *yaml.Node // where to report what is missing
	entries  map[string]entry
	misspelt map[string]bool // known keys that an unknown key was probably meant to be
}

// entriesOf returns the keys of a mapping in their order, without the second of a double key.
// It reports false if n is no mapping.
func (r *reader) entriesOf(at, n *yaml.Node, path string) ([]entry, bool) {
	switch {
	case isNull(n):
		r.fault(at, path, "is empty", "fill it in or remove the line")
		return nil, false
	case n.Kind != yaml.MappingNode:
		r.fault(n, path, fmt.Sprintf("is %s; a mapping is wanted", describe(n)), "write key: value, indented below it")
		return nil, false
	}
	var list []entry
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || isNull(key) {
			r.fault(key, path, "a key is "+describe(key), "write a name before the colon")
			continue
		}
		if first, found := seen[key.Value]; found {
			r.fault(key, join(path, shorten(key.Value)), fmt.Sprintf("key is already there on line %d", first.Line), "keep one of the two")
			continue
		}
		seen[key.Value] = key
		list = append(list, entry{key, value})
	}
	return list, true
}

// section opens a mapping and reports every key that is not known. A nil result means that
// there is nothing to read.
func (r *reader) section(at, n *yaml.Node, path string, known ...string) *section {
	list, ok := r.entriesOf(at, n, path)
	if !ok {
		return nil
	}
	s := &section{reader: r, path: path, at: at, entries: map[string]entry{}, misspelt: map[string]bool{}}
	for _, e := range list {
		if !slices.Contains(known, e.key.Value) {
			remedy := "the keys here are " + strings.Join(known, ", ")
			if guess := nearest(e.key.Value, known); guess != "" {
				remedy = fmt.Sprintf("did you mean %s?", guess)
				s.misspelt[guess] = true
			}
			r.fault(e.key, join(path, shorten(e.key.Value)), "unknown key", remedy)
			continue
		}
		s.entries[e.key.Value] = e
	}
	return s
}

// sub opens a section inside a section; nil if it is not there.
func (s *section) sub(name string, known ...string) *section {
	e, found := s.entries[name]
	if !found {
		return nil
	}
	return s.section(e.key, e.value, join(s.path, name), known...)
}

// items returns the values of a list with their paths; none if it is absent.
func (s *section) items(name string) []entry {
	e, found := s.entries[name]
	if !found {
		return nil
	}
	path := join(s.path, name)
	switch {
	case isNull(e.value) || e.value.Kind == yaml.SequenceNode && len(e.value.Content) == 0:
		s.fault(e.key, path, "is empty", "fill it in or remove the line")
		return nil
	case e.value.Kind != yaml.SequenceNode:
		s.fault(e.value, path, fmt.Sprintf("is %s; a list is wanted", describe(e.value)), "begin each of its lines with a dash")
		return nil
	}
	var list []entry
	for _, n := range e.value.Content {
		list = append(list, entry{n, n})
	}
	return list
}

func (s *section) has(name string) bool {
	_, found := s.entries[name]
	return found
}

// where returns the place of a key, or of the section if the key is not there.
func (s *section) where(name string) *yaml.Node {
	if e, found := s.entries[name]; found {
		return e.key
	}
	return s.at
}

// missing reports a key that must be there, unless it is there misspelt: that is one fault.
func (s *section) missing(name, remedy string) {
	if s.misspelt[name] {
		return
	}
	s.fault(s.at, s.path, name+" is missing", remedy)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// describe says what a node is, for a sentence that begins with "is".
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!timestamp":
		return "a date"
	case "!!str":
		return "text"
	default:
		return "of the type " + n.ShortTag()
	}
}
