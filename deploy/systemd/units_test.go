package systemd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/needs"
)

// units returns the text of each unit by its name.
func units(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.service")
	if err != nil || len(files) == 0 {
		t.Fatalf("no units: %v", err)
	}
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = string(text)
	}
	return all
}

// values returns what a unit says behind KEY=, word by word.
func values(unit, key string) []string {
	var all []string
	for _, match := range regexp.MustCompile(`(?m)^`+key+`=(.*)$`).FindAllStringSubmatch(unit, -1) {
		all = append(all, strings.Fields(match[1])...)
	}
	return all
}

// 0 is shut in wholly, 10 not at all. A daemon that talks to networks does not come below 1.
var exposure = map[string]string{
	"backupd.service":         "1.8", // mariadbd and ndbmtd of proofs run in it, too
	"galera_exporter.service": "1.5",
	"ndb_exporter.service":    "1.5",
	"remediator.service":      "1.5",
}

func TestSystemdTakesTheUnitsAndShutsTheProgramsIn(t *testing.T) {
	analyze := needs.Program(t, "systemd-analyze", "systemd")
	for name, text := range units(t) {
		t.Run(name, func(t *testing.T) {
			// The programs need not be installed here; that there is something to start is verified, too.
			file := filepath.Join(t.TempDir(), name)
			here := regexp.MustCompile(`(?m)^(ExecStart(?:Pre)?=)/usr/bin/(backupd|galera_exporter|ndb_exporter|remediator) `).ReplaceAllString(text, "${1}/bin/true ")
			if err := os.WriteFile(file, []byte(here), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(analyze, "verify", "--man=no", "--recursive-errors=no", file).CombinedOutput()
			if err != nil || strings.Contains(string(out), name) {
				t.Errorf("verify: %v\n%s", err, out)
			}
			limit := strings.ReplaceAll(exposure[name], ".", "")
			if out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold="+limit, file).CombinedOutput(); err != nil {
				t.Errorf("more exposed than %s: %v\n%s", exposure[name], err, out)
			}
		})
	}
}

func TestADaemonMayWriteWhereItIsTold(t *testing.T) {
	all := units(t)
	for name, unit := range all {
		var writable []string
		for _, dir := range values(unit, "StateDirectory") {
			writable = append(writable, "/var/lib/"+dir)
		}
		for _, match := range regexp.MustCompile(`--storage\.path=(\S+)`).FindAllStringSubmatch(unit, -1) {
			if !slices.Contains(writable, match[1]) {
				t.Errorf("%s: %s is none of its state directories %v", name, match[1], writable)
			}
		}
	}
	example, err := os.ReadFile("../../docs/kagu.yaml.md")
	if err != nil {
		t.Fatal(err)
	}
	folders := regexp.MustCompile(`(?m)^    main: \{path: (/[^}]+)\}|^  scratch: \{dir: (/[^,]+),`).FindAllStringSubmatch(string(example), -1)
	if len(folders) < 2 {
		t.Fatalf("in the examples of kagu.yaml %d folders were found, want at least that of a store and one of scratch", len(folders))
	}
	for _, match := range folders {
		folder := match[1] + match[2]
		if !slices.Contains(values(all["backupd.service"], "ReadWritePaths"), "-"+folder) {
			t.Errorf("backupd.service may not write to %s, where docs/kagu.yaml.md lets it", folder)
		}
	}
}
