package mgmtest

import (
	"io"
	"strings"
)

// A Script answers each command with bytes. A command that it lacks is answered as a server
// answers one that it does not know.
type Script map[string]string

// Opening is what every session begins with.
func Opening() Script {
	return Script{
		"get version":          "version\nid: 591618\nmajor: 9\nminor: 7\nbuild: 2\nstring: mysql-9.7.2 ndb-9.7.2\nmysql_major: 9\nmysql_minor: 7\nmysql_build: 2\n\n",
		"set clientversion":    "set clientversion reply\nresult: Ok\n\n",
		"get mgmd nodeid":      "get mgmd nodeid reply\nnodeid:1\n\n",
		"check connection":     "check connection reply\nresult: Ok\n\n",
		"end session":          "end session reply\n",
		"get session id":       "get session id reply\nid: 7\n\n",
		"show variables":       "show variables reply\nnodeid: 1\nport: 1186\n\n",
		"list sessions":        "session: 7\nsession.7.m_stopSelf: 0\nsession.7.m_stop: 0\nsession.7.tls: 0\nsession.7.parser.buffer.len: 0\nsession.7.parser.buffer: \nsession.7.parser.status: 0\n\n",
		"get cluster loglevel": "get cluster loglevel\nstartup: 7\nbackup: 15\n\n",
	}
}

// With returns the script with one answer added or replaced.
func (s Script) With(command, answer string) Script {
	changed := Script{command: answer}
	for name, a := range s {
		if name != command {
			changed[name] = a
		}
	}
	return changed
}

// Handle writes the answer.
func (s Script) Handle(w io.Writer, r Request) bool {
	answer, known := s[r.Name]
	if !known {
		answer = unknownCommand(r)
	}
	_, err := io.WriteString(w, answer)
	return err == nil
}

// unknownCommand is what a server says then: first of the command, then of each of its lines.
func unknownCommand(r Request) string {
	var b strings.Builder
	b.WriteString("result: Unknown command, '" + r.Name + "'\n\n")
	for name, value := range r.Args {
		b.WriteString("result: Unknown command, '" + name + ": " + value + "'\n\n")
	}
	return b.String()
}

// On lets one command go wrong and answers the others well.
func On(command string, wrong, well Handler) Handler {
	return HandlerFunc(func(w io.Writer, r Request) bool {
		if r.Name == command {
			return wrong.Handle(w, r)
		}
		return well.Handle(w, r)
	})
}

// Bytes writes just that and leaves the connection open.
func Bytes(answer string) Handler {
	return HandlerFunc(func(w io.Writer, _ Request) bool {
		_, err := io.WriteString(w, answer)
		return err == nil
	})
}

// CutOff writes just that and closes the connection.
func CutOff(answer string) Handler {
	return HandlerFunc(func(w io.Writer, _ Request) bool {
		_, _ = io.WriteString(w, answer) // the connection is closed in any case
		return false
	})
}

// Silence answers nothing.
func Silence() Handler { return Bytes("") }

// Unauthorized answers as a server that requires TLS.
func Unauthorized() Handler { return Bytes(unauthorized) }

// Flood writes lines under a header, or one line without end, up to a size.
func Flood(header, line string, size int) Handler {
	return HandlerFunc(func(w io.Writer, _ Request) bool {
		if _, err := io.WriteString(w, header); err != nil {
			return false
		}
		many := strings.Repeat(line, 1+4096/len(line))
		for written := 0; written < size; written += len(many) {
			if _, err := io.WriteString(w, many); err != nil {
				return false
			}
		}
		return true
	})
}
