package httpjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxAnswer bounds what a client reads of an answer.
const maxAnswer = 64 << 20

// A Client asks the API of a daemon.
type Client struct {
	URL    string
	HTTP   *http.Client
	Who    string // "the remediator"
	Nobody error  // says that no such daemon answers
	Remedy string // what to do if none does
}

// A Refusal is what the daemon answered in place of what was asked for.
type Refusal struct {
	Status int
	Said   string
}

func (r *Refusal) Error() string { return r.Said }

// Do sends a request and decodes the answer. A nil body sends none; into may be nil.
func (c Client) Do(ctx context.Context, method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("ask %s: %w", c.Who, err)
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+path, reader)
	if err != nil {
		return fmt.Errorf("ask %s: %w", c.Who, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("%w at %s: %w; %s", c.Nobody, c.URL, errors.Unwrap(err), c.Remedy)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", c.Who, err)
	}
	if resp.StatusCode/100 != 2 {
		var said struct{ Error string }
		if json.Unmarshal(text, &said) != nil || said.Error == "" {
			said.Error = resp.Status
		}
		return &Refusal{resp.StatusCode, said.Error}
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", c.Who, err)
	}
	return nil
}
