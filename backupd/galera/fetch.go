package galera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/kagu-db/kagu/internal/binlog"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// fetchLog fetches a binary log from an offset on into a folder. What is at skip in the file it
// returns, stands at the offset on the server.
func fetchLog(ctx context.Context, dir string, s source, file string, offset uint64) (path string, skip int64, err error) {
	if _, err := binlog.Name(file); err != nil {
		return "", 0, err
	}
	defaults := filepath.Join(dir, "login.cnf")
	text, err := login(s)
	if err != nil {
		return "", 0, err
	}
	if err := writeWhole(defaults, []byte(text)); err != nil {
		return "", 0, err
	}
	defer os.Remove(defaults)
	args := []string{"--defaults-file=" + defaults, "--read-from-remote-server", "--raw", "--result-file=" + dir + "/"}
	if offset > 0 {
		args = append(args, fmt.Sprintf("--start-position=%d", offset))
	}
	p := programs{} // it reads a file of ours, so it runs as we do
	if err := p.run(ctx, dir, nil, io.Discard, "mariadb-binlog", append(args, file)...); err != nil {
		return "", 0, err
	}
	path = filepath.Join(dir, file)
	if offset > 0 {
		if skip, err = afterFormat(path); err != nil {
			return "", 0, err
		}
	}
	return path, skip, nil
}

// afterFormat returns where the first event behind the format event begins, which the server
// sends before all others wherever one begins to read.
func afterFormat(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	l, err := newLogReader(f, 0, false)
	if err != nil {
		return 0, err
	}
	e, err := l.next()
	if err == nil && e.kind != eventFormat {
		err = fmt.Errorf("it begins with an event of type %d", e.kind)
	}
	if err != nil {
		return 0, err
	}
	return int64(e.end()), nil
}

// lookAt looks through what was fetched.
func lookAt(path string, skip int64, from uint64) (piece, error) {
	f, err := os.Open(path)
	if err != nil {
		return piece{}, err
	}
	defer f.Close()
	sums := true
	if skip > 0 { // ask the format event, which is not part of the piece
		l, err := newLogReader(f, 0, false)
		if err != nil {
			return piece{}, err
		}
		if _, err := l.next(); err != nil {
			return piece{}, err
		}
		sums = l.sums
	}
	if _, err := f.Seek(skip, io.SeekStart); err != nil {
		return piece{}, err
	}
	return readPiece(f, from, sums)
}

// login is a file of options for a client of MariaDB.
func login(s source) (string, error) {
	c, n := s.cluster, s.node
	host, port, err := net.SplitHostPort(n.SQL)
	if err != nil {
		return "", fmt.Errorf("address of %s: %w", n.Name, err)
	}
	cred := c.Backup.Credential
	var b strings.Builder
	var errs []error
	option := func(name, value string) {
		if strings.ContainsAny(value, "\n\r\x00") {
			errs = append(errs, fmt.Errorf("%s of the credential %s holds a line end", name, cred.Name))
			return
		}
		value = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)
		fmt.Fprintf(&b, "%s=\"%s\"\n", name, value)
	}
	b.WriteString("[client]\nprotocol=tcp\n")
	option("host", host)
	option("port", port)
	option("user", cred.User)
	option("password", cred.Password.Reveal())
	switch {
	case c.TLS == nil || c.TLS.Mode == inventory.TLSOff:
		b.WriteString("skip-ssl\n")
	case c.TLS.Mode == inventory.TLSVerify:
		ca, err := sqlconn.Authorities("mariadb-binlog", c.TLS)
		if err != nil {
			return "", err
		}
		b.WriteString("ssl\n")
		if c.TLS.ServerName == "" {
			b.WriteString("ssl-verify-server-cert\n")
		}
		option("ssl-ca", ca)
	case s.tls:
		b.WriteString("ssl\n")
	}
	if c.TLS != nil && c.TLS.CertFile != "" {
		option("ssl-cert", c.TLS.CertFile)
		option("ssl-key", c.TLS.KeyFile)
	}
	return b.String(), errors.Join(errs...)
}
