package sqlconn

import (
	"fmt"
	"os"
	"strings"

	"github.com/kagu-db/kagu/internal/inventory"
)

// bundles are where systems keep the authorities that they believe.
var bundles = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"}

// Authorities returns the file by which a program of the database checks a server, where TLS is to be
// verified. Such a program believes any certificate if it is named no file, or refuses all, so the
// system's is named to it. It knows no other name of a server than its address: where kagu.yaml gives
// one, the authority alone must vouch for the server, and that cannot be one that vouches for everybody.
func Authorities(program string, t *inventory.TLS) (file string, err error) {
	return authorities(program, t, bundles)
}

func authorities(program string, t *inventory.TLS, bundles []string) (file string, err error) {
	if t.CAFile != "" {
		return t.CAFile, nil
	}
	if t.ServerName != "" {
		return "", fmt.Errorf("%s cannot check the server_name of tls: name a ca_file that signs certificates of this cluster alone, or certify the addresses of its servers and leave server_name out", program)
	}
	for _, path := range bundles {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no authorities of the system are in %s: name the cluster's own as ca_file of tls", strings.Join(bundles, ", "))
}
