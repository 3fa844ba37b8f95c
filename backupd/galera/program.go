package galera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kagu-db/kagu/internal/scratch"
)

// folders are where programs are looked for. PATH is not: who sets it must not choose what we run.
var folders = []string{"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"}

// packages say what holds a program, for who must install it.
var packages = map[string]string{
	"mariadbd": "mariadb-server", "mariadb-install-db": "mariadb-server", "mariadb": "mariadb-client",
	"mariadb-binlog": "mariadb-client", "mariadb-backup": "mariadb-backup", "mbstream": "mariadb-backup", "innochecksum": "mariadb-server",
}

// programs finds and runs programs of MariaDB on this machine.
type programs struct {
	server  string // folder of mariadbd that is looked into first; "" for none
	account *account
	mark    func(environ []string) []string // by which whoever clears up finds them; nil: nobody needs to
}

// account is whom programs run as when we are root: a server must not be.
type account struct{ uid, gid uint32 }

// newPrograms looks up the account if one is needed.
func newPrograms(server string) (programs, error) {
	p := programs{server: server}
	if os.Geteuid() != 0 {
		return p, nil
	}
	u, err := user.Lookup("mysql")
	if err != nil {
		return p, fmt.Errorf("a server must not run as root, and there is no account mysql: install mariadb-server or run as another user: %w", err)
	}
	uid, errU := strconv.ParseUint(u.Uid, 10, 32)
	gid, errG := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(errU, errG); err != nil {
		return p, fmt.Errorf("account mysql: %w", err)
	}
	p.account = &account{uint32(uid), uint32(gid)}
	return p, nil
}

// own gives a folder of ours to whom the programs run as, and sees that they can reach it.
func (p programs) own(dir string) error {
	if p.account == nil {
		return nil
	}
	if err := os.Chown(dir, int(p.account.uid), int(p.account.gid)); err != nil {
		return err
	}
	for above := filepath.Dir(dir); ; above = filepath.Dir(above) {
		info, err := os.Stat(above)
		if err != nil {
			return err
		}
		if !p.account.passes(info) {
			return fmt.Errorf("account mysql, which the scratch server runs as, cannot pass through %s: name another folder as backup.scratch.dir, or chmod o+x it", above)
		}
		if above == "/" || above == "." {
			return nil
		}
	}
}

// passes reports whether the account may go through a folder, as its owner, by its group or as
// anybody.
func (a account) passes(folder fs.FileInfo) bool {
	mode := folder.Mode().Perm()
	st, ok := folder.Sys().(*syscall.Stat_t)
	switch {
	case ok && st.Uid == a.uid:
		return mode&0o100 != 0
	case ok && st.Gid == a.gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// find returns the path of a program.
func (p programs) find(name string) (string, error) {
	look := folders
	if p.server != "" {
		look = append([]string{p.server}, folders...)
	}
	for _, dir := range look {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not in %s: install the package %s here", name, strings.Join(look, ", "), packages[name])
}

// command prepares a program. When the context ends it is asked to end, and killed if it does
// not; its end is always waited for. It gets no environment but what it needs.
func (p programs) command(ctx context.Context, dir, name string, args ...string) (*exec.Cmd, error) {
	path, err := p.find(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=" + dir, "TMPDIR=" + dir}
	if p.mark != nil {
		cmd.Env = p.mark(cmd.Env)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if p.account != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: p.account.uid, Gid: p.account.gid}
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd, nil
}

// run carries a program out. The error holds the end of what it said.
func (p programs) run(ctx context.Context, dir string, in io.Reader, out io.Writer, name string, args ...string) error {
	cmd, err := p.command(ctx, dir, name, args...)
	if err != nil {
		return err
	}
	said := &scratch.Tail{}
	cmd.Stdout, cmd.Stderr = out, said
	if out == nil {
		cmd.Stdout = said
	}
	var input *watched
	if in != nil {
		input = &watched{from: in}
		cmd.Stdin = input
	}
	err = cmd.Run()
	if input != nil && input.err != nil { // what the program says of an input that broke off is no news
		return input.err
	}
	if err != nil {
		return scratch.RunError(ctx, name, err, said.String())
	}
	return nil
}

// watched remembers why a reader failed.
type watched struct {
	from io.Reader
	err  error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

var versionShape = regexp.MustCompile(`\b([0-9]+)\.([0-9]+)\.([0-9]+)-MariaDB`)

// version asks a program for its version.
func (p programs) version(ctx context.Context, name string) (string, error) {
	var out bytes.Buffer
	cmd, err := p.command(ctx, "/", name, "--version")
	if err != nil {
		return "", err
	}
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return "", scratch.RunError(ctx, name, err, scratch.LastLines(out.Bytes()))
	}
	found := versionShape.FindString(out.String())
	if found == "" {
		return "", fmt.Errorf("%s --version says %+.100q, which names no version of MariaDB", name, out.String())
	}
	return found, nil
}

// series returns the part of a version within which data files are understood, such as 10.11.
func series(version string) string {
	m := versionShape.FindStringSubmatch(version)
	if m == nil {
		return ""
	}
	return m[1] + "." + m[2]
}
