package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A Fault is what a network or an overloaded server does to one request or its answer.
type Fault string

// The faults.
const (
	Internal      Fault = "500 InternalError"
	SlowDown      Fault = "503 SlowDown"
	BadGateway    Fault = "502 with a page for people"
	Silence       Fault = "no answer at all"
	Reset         Fault = "connection reset before the request is read"
	ResetRequest  Fault = "connection reset in the middle of the request"
	ResetAnswer   Fault = "connection reset in the middle of the answer"
	ShortAnswer   Fault = "answer shorter than it says"
	LostAnswer    Fault = "done, but the answer is lost"
	LostTo500     Fault = "done, and answered 500"
	StalledAnswer Fault = "answer stops in its middle and nothing more comes"
	FlippedUp     Fault = "a flipped bit on the way there"
	FlippedDown   Fault = "a flipped bit on the way back"
	RefusedKeys   Fault = "403 InvalidAccessKeyId"
)

// Faults are all faults that pass by themselves, so that what is tried again must succeed.
var Faults = []Fault{Internal, SlowDown, BadGateway, Silence, Reset, ResetRequest, ResetAnswer, ShortAnswer, LostAnswer, LostTo500, StalledAnswer, FlippedUp}

// A Proxy stands between a client of S3 and its server, and does harm when it is told to.
type Proxy struct {
	URL string

	target *url.URL
	ended  chan struct{}

	mu     sync.Mutex
	choose func(*http.Request) Fault
	did    map[Fault]int
	seen   int
}

// NewProxy starts a proxy to a server, which ends with the test. It does no harm yet.
//
// It signs nothing: the client must sign for the host it speaks to, and the server must take that.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: to, did: map[Fault]int{}, ended: make(chan struct{})}
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		close(p.ended)
		server.CloseClientConnections()
		server.Close()
	})
	p.URL = server.URL
	return p
}

// Choose sets who decides what happens to each request from now on; "" is no harm.
func (p *Proxy) Choose(choose func(*http.Request) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.choose = choose
}

// Next lets a fault happen to the next n requests of a method ("" for any), and none after.
func (p *Proxy) Next(n int, method string, f Fault) {
	p.Choose(func(r *http.Request) Fault {
		if n == 0 || method != "" && r.Method != method {
			return ""
		}
		n--
		return f
	})
}

// Did returns how often a fault happened.
func (p *Proxy) Did(f Fault) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.did[f]
}

// Seen returns how many requests came.
func (p *Proxy) Seen() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

func (p *Proxy) fault(r *http.Request) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen++
	if p.choose == nil {
		return ""
	}
	f := p.choose(r)
	if f != "" {
		p.did[f]++
	}
	return f
}

// ServeHTTP passes a request on, or does not.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := p.fault(r)
	switch f {
	case Internal, SlowDown, RefusedKeys:
		_, _ = io.Copy(io.Discard, r.Body) // the client may go away
		refuse(w, f)
		return
	case BadGateway:
		_, _ = io.Copy(io.Discard, r.Body) // the client may go away
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html><h1>502 Bad Gateway</h1></html>")
		return
	case Silence:
		_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed that the client went away
		p.hang(r.Context())
		panic(http.ErrAbortHandler)
	case Reset:
		reset(w)
		return
	case ResetRequest:
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2) // the client may go away
		reset(w)
		return
	case FlippedUp:
		r.Body = &flipper{ReadCloser: r.Body, at: r.ContentLength / 2}
	}
	p.pass(w, r, f)
}

// pass has the server do it, and does harm to the answer.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, f Fault) {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL.Scheme, pr.Out.URL.Host = p.target.Scheme, p.target.Host
			pr.Out.Host = pr.In.Host // it is signed
		},
		ModifyResponse: func(resp *http.Response) error { return p.harm(w, r, resp, f) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if !errors.Is(err, errTaken) {
				w.WriteHeader(http.StatusBadGateway)
			}
		},
	}
	proxy.ServeHTTP(w, r)
}

// errTaken says that the connection has been dealt with.
var errTaken = errors.New("the connection is taken")

// harm changes an answer. It cuts a head's answer too, of which there is no body.
func (p *Proxy) harm(w http.ResponseWriter, r *http.Request, resp *http.Response, f Fault) error {
	switch f {
	case LostAnswer:
		_, _ = io.Copy(io.Discard, resp.Body) // so that the server is done
		reset(w)
		return errTaken
	case LostTo500:
		_, _ = io.Copy(io.Discard, resp.Body) // so that the server is done
		refuse(w, Internal)
		return errTaken
	case FlippedDown:
		resp.Body = &flipper{ReadCloser: resp.Body, at: resp.ContentLength / 2}
	case ResetAnswer, ShortAnswer, StalledAnswer:
		cut(w, r, resp, f)
		return errTaken
	}
	return nil
}

// cut sends the head of an answer and the first half of its body.
func cut(w http.ResponseWriter, r *http.Request, resp *http.Response, f Fault) {
	conn, err := hijack(w)
	if err != nil {
		return
	}
	defer conn.Close()
	body, _ := io.ReadAll(resp.Body) // what came of it
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\n", resp.StatusCode, http.StatusText(resp.StatusCode))
	if len(body) > 0 && r.Method != http.MethodHead { // else it is cut within its head
		resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
		resp.Header.Del("Transfer-Encoding")
		_ = resp.Header.Write(conn)
		_, _ = io.WriteString(conn, "\r\n")
		_, _ = conn.Write(body[:len(body)/2])
	}
	switch f {
	case StalledAnswer:
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		_, _ = io.Copy(io.Discard, conn) // until the client goes away
	case ResetAnswer:
		linger(conn)
	}
}

func (p *Proxy) hang(ctx context.Context) {
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-ctx.Done():
	case <-timer.C:
	}
}

func refuse(w http.ResponseWriter, f Fault) {
	var status int
	var code string
	_, _ = fmt.Sscanf(string(f), "%d %s", &status, &code) // the constants above
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>told to</Message></Error>`, code)
}

func hijack(w http.ResponseWriter) (net.Conn, error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	return conn, err
}

func reset(w http.ResponseWriter) {
	if conn, err := hijack(w); err == nil {
		linger(conn)
		conn.Close()
	}
}

// linger makes that closing the connection resets it.
func linger(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // else it ends, which is as good
	}
}

// A flipper flips a bit of what passes.
type flipper struct {
	io.ReadCloser
	at int64
}

func (f *flipper) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if 0 <= f.at && f.at < int64(n) {
		p[f.at] ^= 0x10
	}
	f.at -= int64(n)
	return n, err
}
