package mgm_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
)

// An authority signs certificates in the form that NDB wants: keys on the curve P-256, a common
// name that begins with NDB and the kind of node, and the authority behind it in the file.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key := newKey(t)
	form := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "MySQL NDB Cluster Test Certificate"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	return authority{signed(t, form, form, key, key), key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signed(t *testing.T, form, by *x509.Certificate, key, with *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, form, by, &key.PublicKey, with)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// folder writes the files of a client and of a management server as ndb_sign_keys names them.
func (a authority) folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "NDB-Cluster-cert"), "CERTIFICATE", a.cert.Raw)
	for file, name := range map[string]string{"ndb-api": "NDB Node", "ndb-mgm-server": "NDB Management Node", "ndb-data-node": "NDB Data Node"} {
		key := newKey(t)
		cert := signed(t, &x509.Certificate{
			SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name + " " + time.Now().Format("Jan 2006")},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(12 * time.Hour),
			KeyUsage: x509.KeyUsageDigitalSignature,
		}, a.cert, key, a.key)
		write(t, filepath.Join(dir, file+"-cert"), "CERTIFICATE", cert.Raw, a.cert.Raw)
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, file+"-private-key"), "PRIVATE KEY", der)
	}
	return dir
}

func write(t *testing.T, file, kind string, blocks ...[]byte) {
	t.Helper()
	var text []byte
	for _, b := range blocks {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b})...)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// serverTLS is what a management server makes of such a folder.
func serverTLS(t *testing.T, dir string) *tls.Config {
	t.Helper()
	own, err := tls.LoadX509KeyPair(filepath.Join(dir, "ndb-mgm-server-cert"), filepath.Join(dir, "ndb-mgm-server-private-key"))
	if err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(filepath.Join(dir, "NDB-Cluster-cert"))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(authority)
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAnyClientCert, ClientCAs: clients}
}

// inFolder is the TLS of a folder that ndb_sign_keys has filled, by the names it uses.
func inFolder(folder string) *mgm.TLS {
	return &mgm.TLS{
		CAFile:   filepath.Join(folder, "NDB-Cluster-cert"),
		CertFile: filepath.Join(folder, "ndb-api-cert"),
		KeyFile:  filepath.Join(folder, "ndb-api-private-key"),
	}
}

func TestTLS(t *testing.T) {
	ours, theirs := newAuthority(t).folder(t), newAuthority(t).folder(t)
	strict, relaxed := inFolder(ours), inFolder(ours)
	relaxed.Relaxed = true
	many := mgmtest.NewCluster(2)
	clear := mgmtest.Listen(t, many)
	secured := mgmtest.Listen(t, many, mgmtest.RequireTLS(serverTLS(t, ours)))
	impostor := mgmtest.Listen(t, many, mgmtest.WithTLS(serverTLS(t, theirs)))
	old := mgmtest.Listen(t, mgmtest.On("start tls", mgmtest.Bytes("result: Unknown command, 'start tls'\n\n"), many), mgmtest.WithoutTLSCommand())
	for _, c := range []struct {
		name   string
		policy *mgm.TLS
		server *mgmtest.Server
		is     error
		says   string
	}{
		{"both speak TLS", strict, secured, nil, ""},
		{"the server requires it and we have none", nil, secured, mgm.ErrAuthorization, ""},
		{"we require it and the server has none", strict, clear, mgm.ErrNoTLS, ""},
		{"we require it and the server is too old", strict, old, mgm.ErrNoTLS, ""},
		{"we prefer it and the server has none", relaxed, clear, nil, ""},
		{"we prefer it and the server is too old", relaxed, old, nil, ""},
		{"the server's certificate is of another cluster", strict, impostor, x509.UnknownAuthorityError{}, "certificate"},
		{"even if TLS is only preferred", relaxed, impostor, x509.UnknownAuthorityError{}, "certificate"},
		{"our files are missing", inFolder(t.TempDir()), secured, os.ErrNotExist, "NDB-Cluster-cert"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := mgm.New(mgm.Options{Addresses: []string{c.server.Address()}, TLS: c.policy})
			defer client.Close()
			nodes, err := client.Status(t.Context())
			switch {
			case c.is == nil:
				if err != nil || len(nodes) != 5 {
					t.Errorf("%d nodes, %v", len(nodes), err)
				}
			case errors.As(c.is, new(x509.UnknownAuthorityError)):
				if !errors.As(err, new(x509.UnknownAuthorityError)) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v", err)
				}
			case !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says):
				t.Errorf("got %v, want %v", err, c.is)
			}
		})
	}
	t.Run("events come through TLS too", func(t *testing.T) {
		client := mgm.New(mgm.Options{Addresses: []string{secured.Address()}, TLS: strict})
		defer client.Close()
		l := client.Listen(t.Context(), mgm.DefaultFilter())
		defer l.Close()
		for many.Listeners() == 0 {
			time.Sleep(time.Millisecond)
		}
		many.Kill(3)
		if e := take(t, l); e.Type != mgm.Disconnected {
			t.Errorf("got %+v", e)
		}
	})
}
