package galera

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed evs-*.cnf
var files embed.FS

// setting is how the line with the provider options begins.
const setting = `wsrep_provider_options = "`

// Options returns the provider options of a profile (default, lan, lan-realtime or wan) as the server
// takes them: key=value;key=value.
func Options(profile string) (string, error) {
	text, err := files.ReadFile("evs-" + profile + ".cnf")
	if err != nil {
		return "", fmt.Errorf("there is no evs profile %q", profile)
	}
	_, rest, found := strings.Cut(string(text), "\n"+setting)
	options, _, closed := strings.Cut(rest, "\"\n")
	if !found || !closed {
		return "", fmt.Errorf("evs-%s.cnf has no line %s…\"", profile, setting)
	}
	return options, nil
}
