package lab

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Logs returns the end of every log of the lab, for whoever must find out why a test failed.
func (l *Lab) Logs() string {
	var b strings.Builder
	for _, pattern := range []string{"*.log", "*/*.log", "*/data/ndb_*.log"} {
		logs, err := filepath.Glob(l.file(pattern))
		if err != nil {
			fmt.Fprintln(&b, err)
		}
		for _, log := range logs {
			fmt.Fprintf(&b, "--- the end of %s\n%s\n", log, tail(log))
		}
	}
	return b.String()
}
