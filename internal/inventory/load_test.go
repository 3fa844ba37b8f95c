package inventory_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/goldentest"
	"github.com/kagu-db/kagu/internal/inventory"
)

// secrets are the files that the fleets in testdata name. Git keeps no modes, so each test
// lays them down itself.
var secrets = map[string]struct {
	content string
	mode    os.FileMode
}{
	"monitor.pass":   {"hunter2\n", 0o600},
	"crlf.pass":      {"hunter3\r\n", 0o400},
	"ssh_key":        {"a key\n", 0o600},
	"tls.key":        {"a key\n", 0o600},
	"age.key":        {"AGE-SECRET-KEY-1\n", 0o600},
	"signing.key":    {"PRIVATE+KEY+kagu\n", 0o600},
	"s3.access":      {"access\n", 0o600},
	"s3.secret":      {"secret\n", 0o600},
	"webhook":        {"https://hooks.example.net/services/T/B/x\n", 0o600},
	"empty.pass":     {"\n", 0o600},
	"two-lines.pass": {"one\ntwo\n", 0o600},
	"open.pass":      {"hunter2\n", 0o644},
	"huge.pass":      {strings.Repeat("x", 64<<10+1), 0o600},
	"known_hosts":    {knownHosts, 0o644},
	"ca.pem":         {"an authority\n", 0o644},
	"client.pem":     {"a certificate\n", 0o644},
}

const (
	hostKey    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHHhPNtDNXmG7pXOXSNVwXo1Sd0ZV0Hk6uyENZDgLhaC"
	knownHosts = "10.0.0.11,10.0.0.12,10.0.1.1,10.0.1.2,10.0.1.11,10.0.1.12,10.0.1.51 " + hostKey +
		"\n[db2.example.net]:2222,fd00::13 " + hostKey + "\n"
)

// inFolder copies the fleets into a fresh folder with their secrets and makes it the current one.
func inFolder(t *testing.T, fleets string) []string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join("testdata", fleets, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fleets in testdata/%s: %v", fleets, err)
	}
	var names []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.Base(f))
		write(t, filepath.Join(dir, filepath.Base(f)), string(data), 0o644)
	}
	for name, s := range secrets {
		write(t, filepath.Join(dir, name), s.content, s.mode)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	return names
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

func testdata(t *testing.T, elem ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(append([]string{"testdata"}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var everything = []inventory.Purpose{inventory.Databases, inventory.Hosts, inventory.Messages, inventory.Backups}

// Each file in testdata/bad has one fault; what Load says of it is in the .err file beside it.
func TestLoadRefuses(t *testing.T) {
	dir := testdata(t, "bad")
	for _, name := range inFolder(t, "bad") {
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			fleet, err := inventory.LoadFor(name, everything...)
			if err == nil {
				t.Fatal("the fault was not seen")
			}
			if fleet != nil {
				t.Error("a file with a fault was used in part")
			}
			var faults inventory.Faults
			if !errors.As(err, &faults) {
				t.Fatalf("the error is %T, want Faults", err)
			}
			for _, f := range faults {
				if f.File != name || f.Line == 0 || f.Column == 0 || f.Message == "" || f.Remedy == "" {
					t.Errorf("a fault lacks its file, line, column, message or remedy: %+v", f)
				}
			}
			goldentest.Compare(t, filepath.Join(dir, strings.TrimSuffix(name, ".yaml")+".err"), err.Error()+"\n")
		})
	}
}

// What Load makes of each file in testdata/good is in the .json file beside it; secrets
// cannot be in it.
func TestLoad(t *testing.T) {
	dir := testdata(t, "good")
	for _, name := range inFolder(t, "good") {
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			fleet, err := inventory.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.MarshalIndent(fleet, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			goldentest.Compare(t, filepath.Join(dir, strings.TrimSuffix(name, ".yaml")+".json"), string(text)+"\n")
		})
	}
}

func TestLoadTrimsTheEndOfASecret(t *testing.T) {
	inFolder(t, "good")
	fleet, err := inventory.Load("complete.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{
		"after LF":    fleet.Credentials["monitor"].Password.Reveal(),
		"after CR LF": fleet.Credentials["backup"].Password.Reveal(),
		"in a node's": fleet.Clusters[0].Credential.Password.Reveal(),
		"webhook":     fleet.Slack.Webhook.Reveal(),
	}
	want := map[string]string{
		"after LF": "hunter2", "after CR LF": "hunter3", "in a node's": "hunter2",
		"webhook": "https://hooks.example.net/services/T/B/x",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}

// kagu-node has no right to read the fleet's secrets and no use for them.
func TestLoadWithoutSecretsOpensNoOtherFile(t *testing.T) {
	inFolder(t, "good")
	for name := range secrets {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	fleet, err := inventory.LoadWithoutSecrets("complete.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if n, found := fleet.Clusters[0].Node("db2"); !found || n.PIDFile != "/run/mysqld/db2.pid" {
		t.Errorf("node db2 is %+v", n)
	}
	if !fleet.Credentials["monitor"].Password.Empty() {
		t.Error("there is a password without its file")
	}
}

// An account that may write to every schema is nobody's but of who restores. Its password file is not
// there in these tests.
func TestLoadLeavesThePasswordOfRestoresAlone(t *testing.T) {
	inFolder(t, "good")
	fleet, err := inventory.LoadFor("complete.yaml", everything...)
	if err != nil {
		t.Fatal(err)
	}
	as := fleet.Clusters[0].Backup.RestoreAs
	if as.User != "kagu_restore" || !as.Password.Empty() {
		t.Errorf("%+v", as)
	}
	if _, err := as.WithPassword(); err == nil || !strings.Contains(err.Error(), "not-opened.pass") {
		t.Errorf("who needs it is told %v", err)
	}
	write(t, "not-opened.pass", "hunter4\n", 0o600)
	if as, err = as.WithPassword(); err != nil || as.Password.Reveal() != "hunter4" {
		t.Errorf("%v", err)
	}
}

// galera_exporter runs as a user who may read the passwords and nothing else.
func TestLoadForOpensTheFilesOfItsPurposeOnly(t *testing.T) {
	cases := []struct {
		name     string
		purposes []inventory.Purpose
		absent   []string
	}{
		{"databases", []inventory.Purpose{inventory.Databases}, []string{"webhook", "ssh_key", "known_hosts", "age.key", "s3.secret"}},
		{"hosts", []inventory.Purpose{inventory.Hosts}, []string{"monitor.pass", "crlf.pass", "webhook", "tls.key", "ca.pem", "client.pem"}},
		{"messages", []inventory.Purpose{inventory.Messages}, []string{"monitor.pass", "crlf.pass", "ssh_key", "known_hosts", "tls.key"}},
		{"backups", []inventory.Purpose{inventory.Backups}, []string{"monitor.pass", "webhook", "ssh_key", "known_hosts", "tls.key"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inFolder(t, "good")
			for _, name := range c.absent {
				if err := os.Remove(name); err != nil {
					t.Fatal(err)
				}
			}
			fleet, err := inventory.LoadFor("complete.yaml", c.purposes...)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range fleet.Warnings {
				if w.Path == "ssh.known_hosts_file" {
					t.Errorf("the pinned keys were looked for: %v", w)
				}
			}
			if _, err := inventory.Load("complete.yaml"); err == nil {
				t.Error("Load did not miss the files")
			}
		})
	}
}

func TestRelativeNamesAreRelativeToTheFile(t *testing.T) {
	inFolder(t, "good")
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("/")
	fleet, err := inventory.Load(filepath.Join(dir, "complete.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{fleet.SSH.KeyFile, fleet.SSH.KnownHostsFile, fleet.Clusters[0].TLS.CAFile}
	want := []string{filepath.Join(dir, "ssh_key"), filepath.Join(dir, "known_hosts"), filepath.Join(dir, "ca.pem")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestLoadRefusesAFileThatIsTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kagu.yaml")
	write(t, path, "site: "+strings.Repeat("x", 1<<20), 0o644)
	_, err := inventory.Load(path)
	want := path + ": the file is larger than 1 MiB; is this kagu.yaml? Give the file that describes the fleet"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLoadRefusesWhatIsNotText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kagu.yaml")
	write(t, path, "site: \xff\xfe", 0o644)
	_, err := inventory.Load(path)
	want := path + ": the file is not UTF-8 text; save it as UTF-8"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLoadSaysThatTheFileIsNotThere(t *testing.T) {
	_, err := inventory.Load("/nonexistent/kagu.yaml")
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "/nonexistent/kagu.yaml") || !strings.Contains(err.Error(), "--config.file") {
		t.Errorf("got %v", err)
	}
}
