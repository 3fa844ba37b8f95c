package mgm

import (
	"errors"
	"fmt"

	"github.com/kagu-db/kagu/internal/cluster"
)

// The kinds of error that callers tell apart with errors.Is.
var (
	// ErrAuthorization: the server serves this command on TLS connections only.
	ErrAuthorization = errors.New("the server requires TLS")

	// ErrNoTLS: the server has no certificate, and we were told not to go on without.
	ErrNoTLS = errors.New("the server offers no TLS")

	// ErrOutcomeUnknown: a command that changes something was sent and its answer was lost. It
	// may have been carried out. It is never sent again: look before you repeat it.
	ErrOutcomeUnknown = errors.New("the command may have been carried out")

	// ErrDesynchronised: the server could not read our request. Lines of it may have been read
	// as commands, so the connection was closed; the next call opens a new one.
	ErrDesynchronised = errors.New("the server lost step with us")

	// ErrRequest: the request cannot be put into the protocol's lines. Nothing was sent.
	ErrRequest = errors.New("the request does not fit the protocol")

	// ErrReplyTooBig: the server went on answering beyond any sensible length.
	ErrReplyTooBig = errors.New("the reply is too big")

	// ErrSilent: the event stream gave no sign of life.
	ErrSilent = errors.New("the event stream is silent")

	// ErrClosed: the client was closed.
	ErrClosed = errors.New("the client is closed")
)

// A ServerError is a command's refusal or failure, as the server says it.
type ServerError struct {
	Command string
	Server  string
	Code    int    // the number of the text, see the constants Code…; CodeUnknown if it has none that we know
	Text    string // as the server says it
}

func (e *ServerError) Error() string {
	if e.Code == CodeUnknown {
		return fmt.Sprintf("%s: %s answers: %s", e.Command, e.Server, cluster.Printable(e.Text))
	}
	return fmt.Sprintf("%s: %s answers %d: %s", e.Command, e.Server, e.Code, cluster.Printable(e.Text))
}

// A ProtocolError is an answer that is not what the protocol has at that place. The connection
// it came on was closed.
type ProtocolError struct {
	Command string
	Server  string
	What    string
}

func (e *ProtocolError) Error() string {
	return fmt.Sprintf("%s: %s breaks the protocol: %s", e.Command, e.Server, cluster.Printable(e.What))
}

// CodeOf returns the server's error number, false if err holds none.
func CodeOf(err error) (int, bool) {
	var said *ServerError
	if errors.As(err, &said) && said.Code != CodeUnknown {
		return said.Code, true
	}
	return 0, false
}
