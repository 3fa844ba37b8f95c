package lab

import (
	"fmt"
	"os"
	"path/filepath"
)

// missingNDB tells whether the NDB Cluster tree is there. It is no package of Debian.
func missingNDB() error {
	home := os.Getenv(NDBHome)
	if home == "" {
		return &MissingError{NDB: NDBHome + " is not set"}
	}
	if !filepath.IsAbs(home) {
		return &MissingError{NDB: fmt.Sprintf("%s=%s is not a complete path", NDBHome, home)}
	}
	for _, name := range []string{"ndb_mgmd", "ndbmtd", "mysqld"} {
		if _, err := os.Stat(filepath.Join(home, "bin", name)); err != nil {
			return &MissingError{NDB: fmt.Sprintf("%s=%s has no bin/%s", NDBHome, home, name)}
		}
	}
	return nil
}
