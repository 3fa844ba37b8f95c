package mgm

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	longestReplyLine = 64 << 10
	biggestReply     = 1 << 20 // a status of 255 nodes has 80 kB
)

// A reply is the lines of an answer, its header left out.
type reply struct {
	lines []string
}

// errHeaderless: the answer begins with "result:", which is how the server says that it could
// not read the request.
var errHeaderless = errors.New("no header")

// readReply reads up to the blank line that ends an answer. The header is the first line; with
// "" as header there is none.
func readReply(r *bufio.Reader, header string) (reply, error) {
	first, err := readLine(r)
	if err != nil {
		return reply{}, err
	}
	budget := biggestReply
	var got reply
	switch {
	case first == header && header != "":
	case first == "Authorization failed":
		_, _ = readRest(r, &budget) // says why, and there is one reason
		return reply{}, ErrAuthorization
	case strings.HasPrefix(first, "result:"):
		return reply{lines: []string{first}}, errHeaderless
	case header != "":
		return reply{}, fmt.Errorf("the first line is %q, want %q", short(first), header)
	case first == "":
		return reply{}, nil
	default:
		got.lines = []string{first}
	}
	rest, err := readRest(r, &budget)
	if err != nil {
		return reply{}, err
	}
	got.lines = append(got.lines, rest...)
	return got, nil
}

func readRest(r *bufio.Reader, budget *int) ([]string, error) {
	var lines []string
	for {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		if line == "" {
			return lines, nil
		}
		if *budget -= len(line) + 1; *budget < 0 {
			return nil, fmt.Errorf("%w: more than %d bytes", ErrReplyTooBig, biggestReply)
		}
		lines = append(lines, line)
	}
}

// readLine reads a line without its end. A line that was cut off is an error, not a line.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if len(line) > longestReplyLine {
				return "", fmt.Errorf("%w: a line of more than %d bytes", ErrReplyTooBig, longestReplyLine)
			}
		case err != nil:
			return "", err
		default:
			return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
		}
	}
}

// get returns the value of the first line with that key.
func (p reply) get(key string) (string, bool) {
	for _, line := range p.lines {
		if k, v, found := cutLine(line, ":"); found && k == key {
			return v, true
		}
	}
	return "", false
}

// number returns the value of a key as a number.
func (p reply) number(key string) (int, error) {
	v, found := p.get(key)
	if !found {
		return 0, fmt.Errorf("there is no %q", key)
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, fmt.Errorf("%q is %q, want a number", key, short(v))
	}
	return n, nil
}

// cutLine splits a line at the first separator. Values may hold more of them.
func cutLine(line, separators string) (key, value string, found bool) {
	i := strings.IndexAny(line, separators)
	if i < 0 {
		return "", "", false
	}
	return strings.TrimSpace(line[:i]), strings.TrimSpace(line[i+1:]), true
}

// short bounds what an error quotes of an answer.
func short(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
