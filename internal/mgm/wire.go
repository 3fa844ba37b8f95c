package mgm

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// longestLine is what the server reads of a line, newline included. It takes a longer one for
// the end of the connection, and then executes what it has read of the command.
const longestLine = 512

// A command is one request and what its answer must look like.
type command struct {
	name    string
	args    []arg
	header  string        // first line of the reply; "" for the one command that has none
	changes bool          // it changes something, so it is never sent twice
	timeout time.Duration // 0: the client's
}

type arg struct {
	name, value string
}

func number[N ~int | ~uint32](name string, n N) arg {
	return arg{name, strconv.FormatInt(int64(n), 10)}
}

func text(name, s string) arg { return arg{name, `"` + s + `"`} }

func flag(name string, on bool) arg {
	if on {
		return arg{name, "1"}
	}
	return arg{name, "0"}
}

// nodeList is how the protocol lists nodes: ids with a blank between.
func nodeList(name string, nodes []int) arg {
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		ids[i] = strconv.Itoa(n)
	}
	return text(name, strings.Join(ids, " "))
}

// encode returns the whole request, to be written at once: a server that loses its client in
// the middle of a request executes the part it has.
func (c command) encode() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(c.name)
	b.WriteByte('\n')
	for _, a := range c.args {
		line := a.name + ": " + a.value
		if len(line)+1 > longestLine {
			return nil, fmt.Errorf("%w: %s: the line of %q has %d bytes, the server reads %d", ErrRequest, c.name, a.name, len(line)+1, longestLine)
		}
		if strings.ContainsAny(line, "\r\n\x00") {
			return nil, fmt.Errorf("%w: %s: %q holds a line end", ErrRequest, c.name, a.name)
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
