package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sshrun"
)

// ErrUnsure says that a verb which changes something was sent and no answer came back: it may
// have been carried out, may still be going on, or may never have arrived. Look again before
// anything else; sending it again with the same ID cannot carry it out twice.
var ErrUnsure = errors.New("the verb was sent and its outcome is unknown")

// Runner runs a command on a host; sshrun.Runner does.
type Runner interface {
	Run(ctx context.Context, host inventory.Host, command string) (sshrun.Result, error)
}

// Client asks kagu-node on other hosts.
type Client struct {
	SSH Runner
}

// limits bound each verb from the first packet to the reply. Stop waits for the server to end.
var limits = map[Verb]time.Duration{
	Report: 8 * time.Second,
	Start:  20 * time.Second,
	Stop:   100 * time.Second,
}

// Do sends the request to the host and returns kagu-node's reply. The error is nil whenever a
// reply came, also one that refuses (see Reply.Err). Otherwise it is sshrun's error, which
// says whether the host could not be reached or is not trusted; for Start and Stop it is
// ErrUnsure as well, once the request may have reached the host.
func (c Client) Do(ctx context.Context, host inventory.Host, r Request) (Reply, error) {
	if r.Version == 0 {
		r.Version = Version
	}
	command, err := r.Encode()
	if err != nil {
		return Reply{}, fmt.Errorf("ask %s to %s %s/%s: %w", host.Name, r.Verb, r.Cluster, r.Node, err)
	}
	ctx, cancel := context.WithTimeout(ctx, limits[r.Verb])
	defer cancel()

	result, err := c.SSH.Run(ctx, host, command)
	sent := true
	if broken, ok := errors.AsType[*sshrun.Error](err); ok {
		sent = broken.Sent
	}
	if sent { // a whole reply counts, even if the connection broke behind it
		reply, garbled := ParseReply(result.Stdout, r.Verb)
		if garbled == nil {
			return reply, nil
		}
		if err == nil {
			err = notKaguNode(result, garbled)
		}
	}
	err = fmt.Errorf("ask %s to %s %s/%s: %w", host.Name, r.Verb, r.Cluster, r.Node, err)
	if sent && r.Verb != Report {
		err = fmt.Errorf("%w: %w", ErrUnsure, err)
	}
	return Reply{}, err
}

// notKaguNode describes an answer that is not a reply. Its text is quoted: it may hold
// anything, and is going to be read on a terminal.
func notKaguNode(result sshrun.Result, garbled error) error {
	said := strings.TrimSpace(result.Stderr)
	if said == "" {
		said = strings.TrimSpace(string(result.Stdout))
	}
	if len(said) > 200 {
		said = said[:200]
	}
	return fmt.Errorf("%w (exit code %d, said %+q); is the key bound to kagu-node by a forced command? see docs/hosts.md", garbled, result.Exit, said)
}
