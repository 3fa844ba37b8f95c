package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// Server answers for the nodes of one host.
type Server struct {
	Fleet    *inventory.Fleet
	Host     string        // the name of this host in kagu.yaml
	StateDir string        // what must survive a reboot
	From     string        // where the request came from, for the audit
	StopWait time.Duration // how long Stop waits for the server to end

	now       func() time.Time
	proc      procfs
	openUnits func(context.Context) (units, error)
	watchdog  []string // the command of a watchdog
}

// New returns a Server for this machine.
func New(fleet *inventory.Fleet, host, stateDir string) *Server {
	return &Server{
		Fleet: fleet, Host: host, StateDir: stateDir, StopWait: time.Minute,
		now: time.Now, proc: procfs{root: "/proc", sys: "/sys"}, openUnits: openUnits,
		watchdog: []string{"/proc/self/exe", WatchdogArgument},
	}
}

// Answer carries out one verb. Whatever happens, it returns a reply.
func (s *Server) Answer(ctx context.Context, r node.Request) (reply node.Reply) {
	reply = node.Reply{Version: node.Version, Verb: r.Verb}
	defer func() {
		if p := recover(); p != nil {
			reply.Done, reply.Refused, reply.Error = false, "", clean(fmt.Sprintf("internal error, please report it: %v", p), 300)
		}
	}()
	c, n, err := s.find(r)
	if err == nil {
		err = r.Valid()
	}
	if err != nil {
		reply.Refused = err.Error()
		return reply
	}
	d := s.nodeDir(r.Cluster, r.Node)
	if r.Verb == node.Report {
		f := s.look(ctx, n)
		_ = s.tellStopped(n, d, &f) // its failure is in the notes
		d.tellDesynced(&f)
		d.tellRestored(n.DataDir, &f)
		reply.Done, reply.State = true, &f.state
		return reply
	}
	return s.change(ctx, r, reply, n, c, d)
}

// change carries out a verb that changes something: under the node's lock, once for each ID,
// with a fresh look before and after, and written down before and after.
func (s *Server) change(ctx context.Context, r node.Request, reply node.Reply, n inventory.Node, c inventory.Cluster, d stateDir) node.Reply {
	refuse := func(err error) node.Reply {
		reply.Refused = clean(err.Error(), 500)
		return reply
	}
	if err := r.Late(s.now()); err != nil {
		return refuse(err)
	}
	unlock, err := s.begin(r, d)
	if err != nil {
		return refuse(err)
	}
	defer unlock()

	f := s.look(ctx, n)
	intentErr := s.tellStopped(n, d, &f)
	switch r.Verb {
	case node.Start:
		err = s.start(ctx, r, n, c.Policy, d, f, intentErr)
	case node.Stop:
		err = s.stop(ctx, r, n, d, f)
	case node.Discard:
		err = s.discard(n, r.BackupID)
	case node.Resync:
		err = s.resyncVerb(ctx, &flow{r: r, cluster: c, n: n, d: d})
	default:
		err = refusef("verb %q is a stream", string(r.Verb))
	}
	after := s.look(ctx, n)
	_ = s.tellStopped(n, d, &after)
	d.tellDesynced(&after)
	if err == nil && r.Verb == node.Start && after.state.Process == cluster.ProcessAbsent {
		err = fmt.Errorf("it was started and is gone already; see its error log (systemd: %s)", orNone(after.state.Unit))
	}

	outcome := "done"
	var no *refusal
	switch {
	case errors.As(err, &no):
		reply.Refused, outcome = clean(no.Error(), 500), "refused: "+no.Error()
	case err != nil:
		reply.Error, outcome = clean(err.Error(), 500), "failed: "+err.Error()
	default:
		reply.Done = true
	}
	for _, err := range []error{d.conclude(r.ID, outcome), d.audit(r, s.From, s.now(), clean(outcome, 500))} {
		if err != nil { // the act is done; what cannot be written down is told
			after.state.Notes = append(after.state.Notes, clean("the outcome was not written down: "+err.Error(), 300))
		}
	}
	reply.State = &after.state
	return reply
}

func orNone(text string) string {
	if text == "" {
		return "not used"
	}
	return text
}

// find returns the node the request names, if it lives on this host.
func (s *Server) find(r node.Request) (inventory.Cluster, inventory.Node, error) {
	no := func(format string, args ...any) (inventory.Cluster, inventory.Node, error) {
		return inventory.Cluster{}, inventory.Node{}, fmt.Errorf(format, args...)
	}
	c, ok := s.Fleet.Cluster(r.Cluster)
	if !ok {
		return no("the kagu.yaml of host %s has no cluster %+.70q", s.Host, r.Cluster)
	}
	n, ok := c.Node(r.Node)
	if !ok {
		return no("the kagu.yaml of host %s has no node %+.70q in cluster %s", s.Host, r.Node, c.Name)
	}
	if n.Host.Name != s.Host {
		return no("node %s/%s lives on host %s, this is %s", c.Name, n.Name, n.Host.Name, s.Host)
	}
	return c, n, nil
}

// A refusal is an error that comes before anything was done.
type refusal struct{ why error }

func (r *refusal) Error() string { return r.why.Error() }
func (r *refusal) Unwrap() error { return r.why }

func refusef(format string, args ...any) error { return &refusal{fmt.Errorf(format, args...)} }

// stateDirError adds the remedy to an error of the state folder. Nothing is changed on a
// host that cannot write down what it does.
func stateDirError(err error) error {
	if gone(err) || isFile(err) {
		return fmt.Errorf("nothing is done that cannot be written down: %w; see --state.dir", err)
	}
	return err
}
