package docs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/exporters/galera"
	"github.com/kagu-db/kagu/exporters/ndb"
	"github.com/kagu-db/kagu/internal/metric"
)

// TestCountsOfFamilies holds what README and CHANGELOG count to the catalogue.
func TestCountsOfFamilies(t *testing.T) {
	for _, c := range []struct{ what, want string }{
		{"galera_exporter", fmt.Sprintf("%d families", len(metric.Galera()))},
		{"ndb_exporter", fmt.Sprintf("%d families", len(metric.Ndb()))},
		{"galera_exporter", fmt.Sprintf("%d collectors", len(galera.Sources()))},
		{"ndb_exporter", fmt.Sprintf("%d collectors", len(ndb.Sources()))},
	} {
		for _, page := range []string{"../README.md", "../CHANGELOG.md"} {
			if !strings.Contains(read(t, page), c.want) {
				t.Errorf("%s does not say that %s has %s", page, c.what, c.want)
			}
		}
	}
}
