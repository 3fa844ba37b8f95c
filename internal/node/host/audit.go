package host

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/node"
)

// The audit is a line of JSON for each verb that changes something, in two files at most.
const (
	auditFile = "audit.log"
	auditMax  = 1 << 20
)

type auditLine struct {
	At       time.Time `json:"at"`
	Verb     node.Verb `json:"verb"`
	ID       string    `json:"id"`
	By       string    `json:"by"`
	Why      string    `json:"why,omitempty"`
	Operator bool      `json:"operator"`
	From     string    `json:"from,omitempty"` // the address the request came from
	Outcome  string    `json:"outcome"`
}

// audit appends a line. By and Why hold no control character (see node.Request.Valid), and
// JSON escapes what else a terminal could mind.
func (d stateDir) audit(r node.Request, from string, now time.Time, outcome string) error {
	text, err := json.Marshal(auditLine{At: now.UTC(), Verb: r.Verb, ID: r.ID, By: r.By, Why: r.Why, Operator: r.Operator, From: from, Outcome: outcome})
	if err != nil {
		return err
	}
	path := filepath.Join(d.path, auditFile)
	if info, err := os.Lstat(path); err == nil && info.Size() > auditMax {
		if err := os.Rename(path, path+".1"); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}
