package ndb

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/binlog"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A sender is an SQL node that sends what is in its binary logs.
type sender struct {
	binlog.Server

	kind    *Kind
	cluster inventory.Cluster
	seat    *seat
}

var _ binlog.Sender = sender{}

// Fetch fetches a log from an offset on.
func (s sender) Fetch(ctx context.Context, dir, file string, offset uint64) (path string, skip int64, err error) {
	return s.kind.fetchLog(ctx, s.cluster, dir, s.seat, file, offset)
}

// End returns where an event ends that begins at an offset, 0 if none does.
func (s sender) End(ctx context.Context, file string, at uint64) (uint64, error) {
	return binlog.EndOf(ctx, s.seat.DB, file, at)
}

func (s *seat) binaryLogs(ctx context.Context) ([]binlog.Log, error) {
	rows, err := s.Table(ctx, "SHOW BINARY LOGS")
	if err != nil {
		return nil, fmt.Errorf("list the binary logs of %s: %w", s.node.Name, err)
	}
	var logs []binlog.Log
	for _, r := range rows {
		name, err1 := binlog.Name(r["log_name"])
		size, err2 := strconv.ParseUint(r["file_size"], 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("list the binary logs of %s: %w", s.node.Name, err)
		}
		logs = append(logs, binlog.Log{Name: name, Size: size})
	}
	if len(logs) == 0 {
		return nil, fmt.Errorf("%s lists no binary log", s.node.Name)
	}
	return logs, nil
}

// fetchLog fetches a binary log from an offset on. What is at skip in the file that it returns stands
// at the offset on the server: in front of it the server sends its format event, wherever one begins.
func (k *Kind) fetchLog(ctx context.Context, c inventory.Cluster, dir string, s *seat, file string, offset uint64) (path string, skip int64, err error) {
	var at inventory.Scratch
	if k.Tree != nil {
		at.NDB = k.Tree()
	}
	tree, err := home(at)
	if err != nil {
		return "", 0, err
	}
	login, err := loginOf(c, s.node)
	if err != nil {
		return "", 0, err
	}
	defaults := filepath.Join(dir, "login.cnf")
	if err := os.WriteFile(defaults, []byte(login), 0o600); err != nil {
		return "", 0, err
	}
	args := []string{"--defaults-file=" + defaults, "--read-from-remote-server", "--raw", "--result-file=" + dir + "/"}
	if offset > 0 {
		args = append(args, "--start-position="+strconv.FormatUint(offset, 10))
	}
	if _, err := run(ctx, exec.CommandContext(ctx, filepath.Join(tree, "bin", "mysqlbinlog"), append(args, file)...)); err != nil {
		return "", 0, err
	}
	path = filepath.Join(dir, file)
	if offset == 0 {
		return path, 0, nil
	}
	skip, err = afterFormat(path)
	return path, skip, err
}

// loginOf is a file of options for a client. The password stands in no argument.
func loginOf(c inventory.Cluster, n inventory.Node) (string, error) {
	host, port, err := net.SplitHostPort(n.SQL)
	if err != nil {
		return "", fmt.Errorf("read the address of %s: %w", n.Name, err)
	}
	cred := c.Backup.Credential
	options := [][2]string{{"host", host}, {"port", port}, {"user", cred.User}, {"password", cred.Password.Reveal()}, {"protocol", "TCP"}}
	switch {
	case c.TLS == nil || c.TLS.Mode == inventory.TLSOff:
		options = append(options, [2]string{"get-server-public-key", "1"}, [2]string{"ssl-mode", "DISABLED"})
	case c.TLS.Mode == inventory.TLSVerify:
		ca, err := sqlconn.Authorities("mysqlbinlog", c.TLS)
		if err != nil {
			return "", err
		}
		mode := "VERIFY_IDENTITY"
		if c.TLS.ServerName != "" { // it can compare the address alone
			mode = "VERIFY_CA"
		}
		options = append(options, [2]string{"ssl-mode", mode}, [2]string{"ssl-ca", ca})
	default:
		options = append(options, [2]string{"get-server-public-key", "1"}, [2]string{"ssl-mode", "PREFERRED"})
	}
	if c.TLS != nil && c.TLS.CertFile != "" {
		options = append(options, [2]string{"ssl-cert", c.TLS.CertFile}, [2]string{"ssl-key", c.TLS.KeyFile})
	}
	var b strings.Builder
	b.WriteString("[client]\n")
	for _, o := range options {
		if strings.ContainsAny(o[1], "\n\r\x00") {
			return "", fmt.Errorf("%s of the credential %s holds a line end: choose another", o[0], cred.Name)
		}
		fmt.Fprintf(&b, "%s=\"%s\"\n", o[0], strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(o[1]))
	}
	return b.String(), nil
}

const lostType = 26 // the server has missed changes

// An eventMark is the head of an event.
type eventMark struct {
	kind       byte
	stamp      time.Time // by the server's clock, to the second
	size, next uint32    // next is where it says that the next one begins
}

func eventAt(f io.ReaderAt, at int64) (eventMark, error) {
	var head [binlog.HeadSize]byte
	if _, err := f.ReadAt(head[:], at); err != nil {
		return eventMark{}, fmt.Errorf("read the event at %d: %w", at, err)
	}
	e := eventMark{
		kind: head[4], stamp: time.Unix(int64(binary.LittleEndian.Uint32(head[:])), 0).UTC(),
		size: binary.LittleEndian.Uint32(head[9:]), next: binary.LittleEndian.Uint32(head[13:]),
	}
	if e.size < binlog.HeadSize || e.size > binlog.MaxEvent {
		return e, fmt.Errorf("at %d an event of %d bytes", at, e.size)
	}
	return e, nil
}

// afterFormat returns where the first event behind the format event begins.
func afterFormat(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	e, err := eventAt(f, int64(len(binlog.Magic)))
	if err == nil && e.kind != binlog.FormatEvent {
		err = fmt.Errorf("it begins with an event of type %d", e.kind)
	}
	return int64(len(binlog.Magic)) + int64(e.size), err
}

// soundness is what was seen in a piece.
type soundness struct {
	last   uint64     // where its last event begins
	newest time.Time  // the second of its newest event
	lost   []epochEnd // where the server says that changes are missing
}

// soundPiece walks from event to event: each must stand where it says, and one must end where the
// piece does.
func soundPiece(path string, skip int64, from, to uint64) (p soundness, err error) {
	f, err := os.Open(path)
	if err != nil {
		return p, err
	}
	defer f.Close()
	shift := skip - int64(from) // of the file against the server's
	at := from
	if at == 0 {
		var magic [len(binlog.Magic)]byte
		if _, err := f.ReadAt(magic[:], 0); err != nil || string(magic[:]) != binlog.Magic {
			return p, errors.New("it is no binary log, or an encrypted one")
		}
		at = uint64(len(binlog.Magic))
	}
	for at < to {
		e, err := eventAt(f, int64(at)+shift)
		if err != nil {
			return p, err
		}
		if e.stamp.Unix() > 0 && e.stamp.After(p.newest) { // some events have none
			p.newest = e.stamp
		}
		p.last = at
		end := at + uint64(e.size)
		if e.kind == lostType {
			p.lost = append(p.lost, epochEnd{To: end, Lost: max(1, e.stamp.Unix())})
		}
		if e.next != 0 && e.next != uint32(end) { // positions are kept in 32 bits
			return p, fmt.Errorf("the event at %d of %d bytes says that the next one begins at %d", at, e.size, e.next)
		}
		at = end
	}
	info, err := f.Stat()
	if err != nil {
		return p, err
	}
	if at != to || info.Size() < int64(to)+shift {
		return p, fmt.Errorf("no event ends at %d", to)
	}
	return p, nil
}
