package sqlconn

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/inventory"
)

// encrypt puts what t asks for into cfg. The files are read here, at each new connection, so
// that a renewed certificate is used without a reload.
func encrypt(cfg *mysql.Config, t *inventory.TLS) error {
	if t == nil || t.Mode == inventory.TLSOff {
		return nil
	}
	host, _, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	cfg.TLS = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if t.ServerName != "" {
		cfg.TLS.ServerName = t.ServerName
	}
	if t.CertFile != "" {
		own, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return fmt.Errorf("read our certificate: %w", err)
		}
		cfg.TLS.Certificates = []tls.Certificate{own}
	}
	switch t.Mode {
	case inventory.TLSVerify:
		if t.CAFile == "" {
			return nil
		}
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return fmt.Errorf("read authorities: %w", err)
		}
		cfg.TLS.RootCAs = x509.NewCertPool()
		if !cfg.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("read authorities: %s holds no certificate", t.CAFile)
		}
	case inventory.TLSPreferred, "":
		cfg.TLS.InsecureSkipVerify = true //nolint:gosec // preferred keeps out a listener, not an impostor; verify does both
		cfg.AllowFallbackToPlaintext = true
	default:
		return fmt.Errorf("TLS mode %q is not known", t.Mode)
	}
	return nil
}
