package sqlconn_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// patient is for what comes soon, on a machine that is busy too.
const patient = time.Minute

const secret = "s3cr3t-Pa55"

var account = inventory.Credential{Name: "monitor", User: "kagu_monitor", Password: inventory.NewSecret(secret)}

// listen returns the address of a server that does with each connection what serve says.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return l.Addr().String()
}

func TestErrorsAreToldApart(t *testing.T) {
	closed := make(chan struct{})
	defer close(closed)
	silent := func(c net.Conn) { <-closed; _ = c.Close() }
	say := func(number uint16, text string) func(net.Conn) {
		return func(c net.Conn) {
			payload := append([]byte{0xff, byte(number), byte(number >> 8)}, text...)
			_, _ = c.Write(append([]byte{byte(len(payload)), 0, 0, 0}, payload...))
			_ = c.Close()
		}
	}
	nobody := "127.0.0.1:" + needs.Port(t, "127.0.0.1")

	for _, c := range []struct {
		name, address string
		tls           *inventory.TLS
		want          error
	}{
		{"nobody listens", nobody, nil, sqlconn.ErrRefused},
		{"accepts and never answers", listen(t, silent), nil, sqlconn.ErrTimeout},
		{"accepts and hangs up", listen(t, func(c net.Conn) { _ = c.Close() }), nil, sqlconn.ErrBroken},
		{"too many connections", listen(t, say(1040, "Too many connections")), nil, sqlconn.ErrBusy},
		{"our host is not allowed", listen(t, say(1130, "Host is not allowed")), nil, sqlconn.ErrDenied},
		{"an SQL node without data nodes", listen(t, say(1296, "Got error 157 'Connection to NDB failed' from NDBINFO")), nil, sqlconn.ErrNoCluster},
		{"an SQL node that lost them", listen(t, say(1296, "Got error 4009 'Cluster Failure' from NDBCLUSTER")), nil, sqlconn.ErrNoCluster},
		{"another error of NDB", listen(t, say(1296, "Got error 1204 'Temporary failure' from NDBCLUSTER")), nil, nil},
		{"no such table", listen(t, say(1146, "Table 'ndbinfo.x' doesn't exist")), nil, sqlconn.ErrMissing},
		{"no such host", "no-such-host.invalid:3306", nil, sqlconn.ErrUnreachable},
		{"speaks something else", listen(t, func(c net.Conn) { fmt.Fprint(c, "SSH-2.0-OpenSSH\r\n"); _ = c.Close() }), nil, nil},
		{"a certificate authority that is not there", nobody, &inventory.TLS{Mode: inventory.TLSVerify, CAFile: "no-such-file"}, nil},
		{"a TLS mode nobody knows", nobody, &inventory.TLS{Mode: "sometimes"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := sqlconn.Open(c.address, account, c.tls)
			defer db.Close()
			limit := patient
			if c.want == sqlconn.ErrTimeout {
				limit = 300 * time.Millisecond // without which it would wait for ever
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			_, err := db.Pairs(ctx, "SHOW GLOBAL STATUS")
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			for _, kind := range []error{sqlconn.ErrRefused, sqlconn.ErrTimeout, sqlconn.ErrBroken, sqlconn.ErrBusy, sqlconn.ErrDenied, sqlconn.ErrUnreachable, sqlconn.ErrGrant, sqlconn.ErrNotReady, sqlconn.ErrNoCluster, sqlconn.ErrMissing} {
				if c.want != nil && !errors.Is(kind, c.want) && errors.Is(err, kind) {
					t.Errorf("%v is %v too", err, kind)
				}
			}
			for _, printed := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", db)} {
				if strings.Contains(printed, secret) {
					t.Errorf("shows the password: %s", printed)
				}
			}
		})
	}
}

func TestASilentServerGathersNoConnections(t *testing.T) {
	gone := make(chan struct{}, 10)
	address := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1)) // returns when the client hangs up
		gone <- struct{}{}
	})
	db := sqlconn.Open(address, account, nil)
	defer db.Close()
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := db.Pairs(ctx, "SHOW GLOBAL STATUS"); !errors.Is(err, sqlconn.ErrTimeout) {
			t.Errorf("got %v, want %v", err, sqlconn.ErrTimeout)
		}
		cancel()
		select {
		case <-gone:
		case <-time.After(patient):
			t.Fatal("the connection of the query that ended is still open")
		}
	}
}
