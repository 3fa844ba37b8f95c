package inventory

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// WithPassword returns the credential with its password read now, for a program that was loaded
// without secrets and needs this one. The error says what to do.
func (c Credential) WithPassword() (Credential, error) {
	content, err := readSecret(c.PasswordFile)
	line := strings.TrimRight(content, "\r\n")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = errors.New("it does not exist: create it, readable by this program alone (chmod 600)")
	case errors.Is(err, errOpenToOthers):
		err = fmt.Errorf("it %w: chmod 600 %s", err, c.PasswordFile)
	case errors.Is(err, errNoFile), errors.Is(err, errTooLarge):
		err = fmt.Errorf("it %w: write the password, and nothing else, into a file", err)
	case err != nil:
		err = errors.New(reason(err))
	case strings.TrimSpace(line) == "" || strings.ContainsAny(line, "\r\n\x00"):
		err = errors.New("it must hold the password in one line, and nothing else")
	}
	if err != nil {
		return c, fmt.Errorf("password of the credential %s in %s: %w", c.Name, c.PasswordFile, err)
	}
	c.Password = NewSecret(line)
	return c, nil
}
