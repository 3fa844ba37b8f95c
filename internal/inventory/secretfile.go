package inventory

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
)

// maxSecret bounds a secret file; a key or a password is far smaller.
const maxSecret = 64 << 10

// secretLine returns the secret in the file that a key names: one line, without its end.
func (s *section) secretLine(name string) Secret {
	content, ok := s.secretFile(name)
	if !ok {
		return Secret{}
	}
	line := strings.TrimRight(content, "\r\n")
	switch {
	case strings.TrimSpace(line) == "":
		s.secretFault(name, "%s is empty", "write the secret into it")
		return Secret{}
	case strings.ContainsAny(line, "\r\n\x00"):
		s.secretFault(name, "%s holds more than one line", "leave the secret alone in it")
		return Secret{}
	}
	return NewSecret(line)
}

// secretFile returns the content of the file that a key names, if it may be opened at all.
func (s *section) secretFile(name string) (string, bool) {
	path := s.localPath(name)
	if path == "" || !s.opens(s.secrets) {
		return "", false
	}
	content, err := readSecret(path)
	switch {
	case err == nil:
		return content, true
	case errors.Is(err, fs.ErrNotExist):
		s.secretFault(name, "%s does not exist", "create it, readable by this program alone (chmod 600)")
	case errors.Is(err, fs.ErrPermission):
		s.secretFault(name, "%s cannot be read by this user", "give it to the user this program runs as (chown), or run as that user")
	case errors.Is(err, errOpenToOthers):
		s.secretFault(name, "%s "+err.Error(), "chmod 600 "+path)
	case errors.Is(err, errNoFile), errors.Is(err, errTooLarge):
		s.secretFault(name, "%s "+err.Error(), "name a file that holds the secret")
	default:
		s.secretFault(name, "%s cannot be opened", "name a file that holds the secret")
	}
	return "", false
}

func (r *reader) opens(of secrets) bool {
	return slices.ContainsFunc(r.purposes, func(p Purpose) bool { return p.secrets == of })
}

// secretFault reports a fault of the file that a key names. The file is named as the user
// named it, and its content never is.
func (s *section) secretFault(name, format, remedy string) {
	n := s.entries[name].value
	s.fault(n, join(s.path, name), fmt.Sprintf(format, n.Value), remedy)
}

// privateKey checks that the file of a private key can be used; it is read where it is used.
func (s *section) privateKey(name string) {
	if content, ok := s.secretFile(name); ok && strings.TrimSpace(content) == "" {
		s.secretFault(name, "%s is empty", "write the private key into it")
	}
}

// publicFile checks that a file that is no secret can be read; it is read where it is used.
func (s *section) publicFile(name string) {
	path := s.localPath(name)
	if path == "" || !s.opens(s.secrets) {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		s.secretFault(name, "%s cannot be read: "+strings.ReplaceAll(reason(err), "%", "%%"), "name the PEM file")
		return
	}
	f.Close()
}

func reason(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

var (
	errOpenToOthers = errors.New("can be read or changed by others")
	errNoFile       = errors.New("is not a regular file")
	errTooLarge     = errors.New("is larger than 64 KiB")
)

// readSecret reads a regular file that nobody else can read. A file of root that root's chosen
// group may read (0640 root:kagu, as packages install it) is private too: its readers were chosen.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() { // a pipe would make us wait for ever
		return "", errNoFile
	}
	if !private(info) {
		return "", errOpenToOthers
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	if len(data) > maxSecret {
		return "", errTooLarge
	}
	return string(data), nil
}

func private(info fs.FileInfo) bool {
	mode := info.Mode().Perm()
	if mode&0o077 == 0 {
		return true
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid == 0 && mode&0o037 == 0
}
