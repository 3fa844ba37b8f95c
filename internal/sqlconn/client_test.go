package sqlconn

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/inventory"
)

func TestByWhatAProgramChecksAServer(t *testing.T) {
	system := filepath.Join(t.TempDir(), "bundle")
	if err := os.WriteFile(system, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	none := []string{filepath.Join(t.TempDir(), "none")}
	for _, c := range []struct {
		name    string
		tls     inventory.TLS
		bundles []string
		want    string
		err     string
	}{
		{name: "by the authority that is named", tls: inventory.TLS{CAFile: "/ca"}, bundles: none, want: "/ca"},
		{name: "which also may stand for a name", tls: inventory.TLS{CAFile: "/ca", ServerName: "db"}, bundles: none, want: "/ca"},
		{name: "by those of the system", bundles: append(none, system), want: system},
		{name: "which may not", tls: inventory.TLS{ServerName: "db"}, bundles: append(none, system), err: "tool cannot check the server_name of tls: name a ca_file"},
		{name: "the system has none", bundles: none, err: "name the cluster's own as ca_file of tls"},
	} {
		got, err := authorities("tool", &c.tls, c.bundles)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}
