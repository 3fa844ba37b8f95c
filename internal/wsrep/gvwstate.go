package wsrep

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// View is the content of gvwstate.dat: the last primary component this node was in. Its members
// find each other again after all of them crashed.
type View struct {
	MyUUID    string
	ID        string   // of the view, as the file writes it: type, UUID and number
	Members   []string // UUIDs
	Bootstrap bool
}

// ParseGvwstate reads gvwstate.dat. A file without its end mark is an error.
func ParseGvwstate(r io.Reader) (View, error) {
	v, err := parseGvwstate(r)
	if err != nil {
		return View{}, fmt.Errorf("read gvwstate: %w", err)
	}
	return v, nil
}

func parseGvwstate(r io.Reader) (View, error) {
	var (
		v          View
		begun, end bool
	)
	text, err := readAll(r, maxFile)
	if err != nil {
		return v, err
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "#vwbeg":
			begun = true
			continue
		case line == "#vwend":
			end = begun
			continue
		case line == "" || line[0] == '#':
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return v, fmt.Errorf("line %.40q has no colon", line)
		}
		value = strings.TrimSpace(value)
		switch key {
		case "my_uuid":
			v.MyUUID = ParseUUID(value)
		case "view_id":
			v.ID = value
		case "bootstrap":
			v.Bootstrap = value == "1"
		case "member":
			uuid, _, _ := strings.Cut(value, " ")
			if uuid = ParseUUID(uuid); uuid == "" {
				return v, fmt.Errorf("member %.60q has no UUID", value)
			}
			v.Members = append(v.Members, uuid)
		}
	}
	switch {
	case !end:
		return v, errors.New("the view has no end")
	case v.MyUUID == "":
		return v, errors.New("no my_uuid")
	case len(v.Members) == 0:
		return v, errors.New("no members")
	}
	return v, nil
}
