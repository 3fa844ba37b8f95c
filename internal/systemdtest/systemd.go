package systemdtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/needs"
)

// A Manager is a systemd, as a user manager in a mount namespace of its own, where its socket stands
// at the place of the system's. It runs as root, so it can do to a unit's processes what the
// system's does: give them another account, and shut them in.
type Manager struct {
	t   testing.TB
	dir string
	pid int
}

// Start starts one that knows the units, by name, and lives as long as the test. The test is skipped
// where none can run, and fails for it under CI=true.
func Start(t testing.TB, units map[string]string) Manager {
	t.Helper()
	if os.Geteuid() != 0 {
		needs.Missing(t, errors.New("a mount namespace: run as root"))
	}
	const systemd = "/lib/systemd/systemd"
	needs.File(t, systemd, "systemd")
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.MkdirAll(in("config/systemd/user"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range units {
		if err := os.WriteFile(in("config/systemd/user/"+name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	group := "kagu-test-" + strconv.Itoa(os.Getpid())
	// What cannot be seen is covered by nodes that the system's systemd has in /run.
	script := fmt.Sprintf(`set -e
for base in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  if [ -e $base/cgroup.procs ]; then mkdir $base/%[2]s; echo $$ > $base/%[2]s/cgroup.procs; fi
done
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/systemd/inaccessible
ln -s %[1]s/systemd/private /run/systemd/private
cd /run/systemd/inaccessible
mkdir dir
touch reg
mkfifo fifo
mknod chr c 0 0
mknod blk b 0 0
chmod 000 *
export XDG_RUNTIME_DIR=%[1]s XDG_CONFIG_HOME=%[1]s/config HOME=%[1]s
exec %[3]s --user --log-target=console --unit=basic.target`, dir, group, systemd)
	var log bytes.Buffer
	cmd := exec.Command("unshare", "--mount", "bash", "-c", script)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it stops its units
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		for _, base := range []string{"", "systemd/", "unified/"} {
			_ = exec.Command("find", "/sys/fs/cgroup/"+base+group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";").Run()
		}
		if t.Failed() {
			t.Logf("systemd said:\n%s", log.String())
		}
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(in("systemd/private")); err == nil {
			return Manager{t: t, dir: dir, pid: cmd.Process.Pid}
		}
		select {
		case err := <-ended:
			ended <- err
			needs.Missing(t, fmt.Errorf("a systemd that runs here (deploy/lab/install-packages brings it): %w\n%s", err, log.String()))
		default:
		}
		if time.Now().After(end) {
			t.Fatal("systemd does not answer")
		}
	}
}

// Run runs a program beside systemd, in its mount namespace, and returns what it wrote and whether it
// ended well. What it writes as an error fails the test.
func (m Manager) Run(stdin string, argv ...string) ([]byte, error) {
	m.t.Helper()
	cmd := exec.Command("nsenter", append([]string{"--target", strconv.Itoa(m.pid), "--mount", "--"}, argv...)...)
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+m.dir)
	cmd.Stdin = strings.NewReader(stdin)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if errOut.Len() > 0 {
		m.t.Errorf("%v wrote %s", argv, errOut.String())
	}
	return out, err
}
