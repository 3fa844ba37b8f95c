package mgm

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLS says how connections are secured: TLS 1.3, each side with a certificate that the
// cluster's own authority has signed.
type TLS struct {
	CAFile   string // the cluster's authority, "NDB-Cluster-cert"
	CertFile string // our certificate, "ndb-api-cert"
	KeyFile  string // its key, "ndb-api-private-key", without a passphrase

	// Relaxed goes on in clear text if the server has no certificate. It keeps out a listener,
	// not an impostor.
	Relaxed bool
}

// startTLS asks for TLS on the open connection. The files are read each time, so that renewed
// certificates are used without a restart.
func (c *conn) startTLS(ctx context.Context, policy *TLS) error {
	config, err := policy.config()
	if err != nil {
		return err
	}
	cmd := command{name: "start tls", header: "start tls reply"}
	err = c.run(ctx, cmd, reply.ok)
	var refused *ServerError
	switch {
	case errors.As(err, &refused), errors.Is(err, ErrDesynchronised): // it has no certificate, or is too old to know the command
		return fmt.Errorf("%w: %w", ErrNoTLS, err)
	case err != nil:
		return err
	}
	if c.r.Buffered() > 0 { // somebody between put clear text in front of the handshake
		return &ProtocolError{Command: cmd.name, Server: c.server, What: "it speaks before the handshake"}
	}
	secured := tls.Client(c.Conn, config)
	stop := c.endWith(ctx)
	err = secured.HandshakeContext(ctx)
	stop()
	if err != nil {
		return fmt.Errorf("TLS handshake with %s: %w", c.server, err)
	}
	c.Conn = secured
	c.r = bufio.NewReader(secured)
	return nil
}

func (t *TLS) config() (*tls.Config, error) {
	pem, err := os.ReadFile(t.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read the cluster's authority: %w", err)
	}
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read the cluster's authority: %s holds no certificate", t.CAFile)
	}
	own, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read our certificate: %w", err)
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		Certificates:       []tls.Certificate{own},
		InsecureSkipVerify: true, //nolint:gosec // certificates of NDB name a kind of node, not a host: VerifyConnection checks the chain
		VerifyConnection: func(state tls.ConnectionState) error {
			return verify(state.PeerCertificates, authority)
		},
	}, nil
}

// verify checks that the cluster's authority signed the server's certificate.
func verify(chain []*x509.Certificate, authority *x509.CertPool) error {
	if len(chain) == 0 {
		return errors.New("the server shows no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: authority, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return fmt.Errorf("the server's certificate: %w", err)
	}
	return nil
}
