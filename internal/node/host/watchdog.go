package host

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// The watchdog is a process of its own that undoes what a backup did to a member if kagu-node
// cannot: killed, crashed, out of memory. It holds a connection to the server from before, so
// that it needs no new one in a bad moment, and the locks of the backup. It reads a pipe whose
// other end only kagu-node has: the kernel closes that however kagu-node ends.

// WatchdogArgument makes kagu-node a watchdog. It is no verb: nothing that comes over SSH gets
// into the arguments.
const WatchdogArgument = "desync-watchdog"

// watchOrder is the pipe's first line. It holds the password: a pipe leaves no trace.
type watchOrder struct {
	Address  string         `json:"address"`
	User     string         `json:"user"`
	Password string         `json:"password"`
	TLS      *inventory.TLS `json:"tls"`
	State    string         `json:"state"`
}

const (
	watchReady = "ready"
	watchDone  = "done\n"

	readyLimit   = 15 * time.Second // from its start to its connection
	dismissLimit = 5 * time.Second
	watchEvery   = time.Minute      // keeps its connection open
	watchLimit   = 15 * time.Minute // how long it tries, for a server that restarts
)

// watchdog is our end of it.
type watchdog struct {
	pipe  *os.File
	ended chan struct{}
	free  chan struct{} // closed once it may end
}

// startWatchdog starts it and waits until it is connected. lost is called if it ends before it
// was dismissed.
func (s *Server) startWatchdog(order watchOrder, locks backupLocks, lost func()) (*watchdog, error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	says, answers, err := os.Pipe()
	if err != nil {
		ours.Close()
		return nil, err
	}
	defer says.Close()
	cmd := exec.Command(s.watchdog[0], s.watchdog[1:]...)
	cmd.Dir, cmd.Env = "/", toolEnvironment()
	cmd.ExtraFiles = []*os.File{theirs, answers, locks.host, locks.node}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	answers.Close()
	if err != nil {
		ours.Close()
		return nil, fmt.Errorf("start the watchdog: %w", err)
	}
	w := &watchdog{pipe: ours, ended: make(chan struct{}), free: make(chan struct{})}
	go func() {
		defer close(w.ended)
		_ = cmd.Wait()
		select {
		case <-w.free:
		default:
			lost()
		}
	}()
	text, err := json.Marshal(order)
	if err == nil {
		_, err = ours.Write(append(text, '\n'))
	}
	if err == nil {
		err = errors.Join(says.SetReadDeadline(time.Now().Add(readyLimit)), expect(says))
	}
	if err != nil {
		w.dismiss(true)
		return nil, fmt.Errorf("start the watchdog: %w", err)
	}
	return w, nil
}

// expect reads whether it is ready, or why not.
func expect(says io.Reader) error {
	line, err := bufio.NewReader(io.LimitReader(says, 1000)).ReadString('\n')
	if line = strings.TrimSpace(line); line != watchReady {
		if line == "" && err != nil {
			return err
		}
		return errors.New(clean(line, 500))
	}
	return nil
}

// dismiss lets it go. If not all was undone, it tries on, and we do not wait for long.
func (w *watchdog) dismiss(undone bool) {
	close(w.free)
	if undone {
		_, _ = io.WriteString(w.pipe, watchDone) // else it finds that there is nothing to do
	}
	w.pipe.Close()
	select {
	case <-w.ended:
	case <-time.After(dismissLimit):
	}
}

// Watch is the watchdog itself: it reads what to do from descriptor 3 and answers on 4.
func Watch() int {
	order, says := os.NewFile(3, "order"), os.NewFile(4, "says")
	if order == nil || says == nil {
		return 2
	}
	lines := bufio.NewReader(order)
	text, err := lines.ReadBytes('\n')
	if err != nil {
		return 0 // nothing was done yet that would have to be undone
	}
	var o watchOrder
	if err := json.Unmarshal(text, &o); err != nil {
		fmt.Fprintln(says, "the order cannot be read")
		return 2
	}
	db := sqlconn.Open(o.Address, inventory.Credential{User: o.User, Password: inventory.NewSecret(o.Password)}, o.TLS)
	defer db.Close()
	w := watched{db: db, d: stateDir{o.State}}
	if _, err := askMember(context.Background(), db, time.Now()); err != nil {
		fmt.Fprintln(says, clean(err.Error(), 500))
		return 1
	}
	fmt.Fprintln(says, watchReady)
	says.Close()
	if w.awaitWord(lines) == watchDone {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), watchLimit)
	defer cancel()
	if err := w.takeOver(ctx); err != nil {
		return 1 // the note stays, and report tells of it
	}
	return 0
}

// awaitWord waits for kagu-node's last word, "" if it had none, and keeps the connection warm.
func (w watched) awaitWord(from *bufio.Reader) string {
	word := make(chan string, 1)
	go func() { // ends with the pipe
		text, _ := from.ReadString('\n')
		word <- text
	}()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case text := <-word:
			return text
		case <-tick.C:
			ctx, cancel := context.WithTimeout(context.Background(), askLimit)
			_, _ = w.db.Table(ctx, "SELECT 1") // a connection that broke is made anew
			cancel()
		}
	}
}

// takeOver undoes what the note says.
func (w watched) takeOver(ctx context.Context) error {
	left, err := w.d.loadNote()
	if err != nil || left == nil {
		return err
	}
	if err := w.resync(ctx, *left); err != nil {
		return err
	}
	return errors.Join(left.removeDir(), w.d.remove(noteFile))
}
