package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"iter"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

// maxBody is far above what Slack takes.
const maxBody = 1 << 20

// shown is how many messages the page has.
const shown = 200

// A Receiver keeps messages in a file.
type Receiver struct {
	mu   sync.Mutex // guards file
	file *os.File
	path string
}

// NewReceiver opens the file, and makes it if need be.
func NewReceiver(path string) (*Receiver, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &Receiver{file: f, path: path}, nil
}

// Close closes the file.
func (r *Receiver) Close() error { return r.file.Close() }

// Handler takes a POST on any path and shows what came at /.
func (r *Receiver) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", r.show)
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ready\n") })
	mux.HandleFunc("POST /", r.take)
	return mux
}

func (r *Receiver) take(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	m, err := Parse(body, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := r.keep(m); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	io.WriteString(w, "ok")
}

// keep appends the message in one write, so that a reader never sees half of a line that ends.
func (r *Receiver) keep(m Message) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err = r.file.Write(append(line, '\n'))
	return err
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Lab: instead of Slack</title>
<style>body{font:16px sans-serif;margin:2em;max-width:60em}article{border-left:4px solid #888;margin:1em 0;padding:0 1em}
time{color:#666;font-size:smaller}pre{font:inherit;white-space:pre-wrap;margin:.2em 0}</style>
<h1>Instead of Slack</h1>
{{range .}}<article><time>{{.At.Format "15:04:05"}} UTC {{.Channel}}</time><pre>{{.Text}}</pre></article>
{{else}}<p>Nobody said anything yet.</p>{{end}}
`))

// show prints the last messages, the newest first.
func (r *Receiver) show(w http.ResponseWriter, _ *http.Request) {
	messages, err := Read(r.path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	slices.Reverse(messages)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// A reader that went away is no concern of ours.
	_ = page.Execute(w, messages[:min(len(messages), shown)])
}

// Read returns the messages in a file. A last line without its end is being written, and is
// left out.
func Read(path string) ([]Message, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Message
	for line := range lines(text) {
		var m Message
		if err := json.Unmarshal(line, &m); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		all = append(all, m)
	}
	return all, nil
}

func lines(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for {
			line, rest, whole := bytes.Cut(text, []byte("\n"))
			if !whole || !yield(line) {
				return
			}
			text = rest
		}
	}
}
