package httpjson

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
)

// maxBody bounds the body of a request.
const maxBody = 1 << 16

// BadRequest is an error that the sender of a request can mend: it is answered with 400.
type BadRequest string

func (b BadRequest) Error() string { return string(b) }

// Want refuses what is not declared as JSON. A web page cannot send JSON to another site from a
// browser unasked.
func Want(r *http.Request) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return BadRequest("send JSON, with Content-Type: application/json")
	}
	return nil
}

// Read decodes the body of a request. A key that nobody knows is refused: who sent it meant
// something by it.
func Read(r *http.Request, into any) error {
	if err := Want(r); err != nil {
		return err
	}
	dec := json.NewDecoder(io.LimitReader(r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return BadRequest("read the body: " + err.Error())
	}
	return nil
}

// Clip bounds text from outside before it is kept or logged.
func Clip(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
