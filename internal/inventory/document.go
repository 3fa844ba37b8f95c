package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// document parses the bytes as one plain YAML document and returns its top node, nil if
// there is none to go on with.
func (r *reader) document(data []byte) *yaml.Node {
	switch {
	case len(data) > maxSize:
		r.faults = append(r.faults, Fault{
			File: r.file, Message: "the file is larger than 1 MiB",
			Remedy: "is this kagu.yaml? Give the file that describes the fleet",
		})
		return nil
	case !utf8.Valid(data):
		r.faults = append(r.faults, Fault{File: r.file, Message: "the file is not UTF-8 text", Remedy: "save it as UTF-8"})
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		r.syntax(data, err)
		return nil
	}
	var second yaml.Node
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		r.syntax(data, err)
		return nil
	default:
		r.fault(&second, "", "the file holds a second document", `keep one document: remove the line "---" and merge what follows`)
		return nil
	}
	top := doc.Content[0]
	if isNull(top) {
		r.syntax(data, io.EOF)
		return nil
	}
	if r.references(top) {
		return nil
	}
	return top
}

// references refuses anchors and aliases: a file read at night says each thing where it is
// used, and a few nested aliases could stand for gigabytes.
func (r *reader) references(n *yaml.Node) bool {
	found := false
	if n.Anchor != "" && n.Kind != yaml.AliasNode {
		r.fault(n, "", fmt.Sprintf("anchor &%s is not allowed here", n.Anchor), "write the value out where it is used")
		found = true
	}
	if n.Kind == yaml.AliasNode {
		r.fault(n, "", fmt.Sprintf("alias *%s is not allowed here", n.Value), "write the value out")
		return true
	}
	for _, child := range n.Content {
		found = r.references(child) || found
	}
	return found
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntax reports what is not YAML at all.
func (r *reader) syntax(data []byte, err error) {
	if errors.Is(err, io.EOF) {
		r.faults = append(r.faults, Fault{
			File: r.file, Line: 1, Column: 1, Message: "the file describes nothing",
			Remedy: "start from the example in docs/kagu.yaml.md",
		})
		return
	}
	if line, column := tabIndent(data); line > 0 {
		r.faults = append(r.faults, Fault{
			File: r.file, Line: line, Column: column, Message: "the line is indented with a tab",
			Remedy: "indent with spaces",
		})
		return
	}
	fault := Fault{File: r.file, Line: 1, Column: 1, Remedy: "mend the YAML on this line or beside it"}
	match := yamlLine.FindStringSubmatch(strings.SplitN(err.Error(), "\n", 2)[0])
	fault.Message = "not YAML: " + err.Error()
	if match != nil {
		fault.Message = "not YAML: " + match[2]
		if line, err := strconv.Atoi(match[1]); err == nil {
			fault.Line = line
		}
	}
	r.faults = append(r.faults, fault)
}

// tabIndent finds the first tab in an indentation, the usual reason for a parser's riddle.
func tabIndent(data []byte) (line, column int) {
	for i, text := range strings.Split(string(data), "\n") {
		indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
		if at := strings.IndexByte(indent, '\t'); at >= 0 && strings.TrimSpace(text) != "" {
			return i + 1, at + 1
		}
	}
	return 0, 0
}
