package daemon_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/goleak"

	"github.com/kagu-db/kagu/internal/daemon"
)

// flags listen on a free port of loopback, or on the one that is given.
func flags(address string) *web.FlagConfig {
	return &web.FlagConfig{WebListenAddresses: &[]string{address}, WebSystemdSocket: new(bool), WebConfigFile: new(string)}
}

func TestAPortThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = daemon.Serve(t.Context(), http.NotFoundHandler(), flags(taken.Addr().String()), promslog.NewNopLogger())
	if err == nil || !strings.Contains(err.Error(), "another program has this port") {
		t.Errorf("got %v", err)
	}
}

func TestWhatRunsComesToItsEnd(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	asked, answer := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-answer
		_, _ = io.WriteString(w, "done")
	})
	address := free(t)
	ctx, stop := context.WithCancel(t.Context())
	ended, said := make(chan error, 1), make(chan string, 1)
	go func() { ended <- daemon.Serve(ctx, handler, flags(address), promslog.NewNopLogger()) }()
	go func() { said <- get(t, "http://"+address) }()
	<-asked
	stop()
	// The listener is closed first; the request that runs is not.
	for refused := false; !refused; {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if refused = err != nil; !refused {
			_ = c.Close()
		}
	}
	select {
	case err := <-ended:
		t.Errorf("it ended before its answer was written: %v", err)
	default:
	}
	close(answer)
	if got := <-said; got != "done" {
		t.Errorf("answered %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// free returns an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// get asks until somebody listens.
func get(t *testing.T, url string) string {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	for until := time.Now().Add(time.Minute); time.Now().Before(until); {
		answer, err := client.Get(url)
		if err != nil {
			continue
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Error(err)
		}
		return string(body)
	}
	t.Errorf("%s never answered", url)
	return ""
}
