package inventory

import (
	"errors"
	"fmt"
	"strings"
)

// ReadSecret reads the one line of a secret file anew, for who must notice that it was replaced. It
// is as strict as Load.
func ReadSecret(path string) (Secret, error) {
	content, err := readSecret(path)
	if err != nil {
		return Secret{}, fmt.Errorf("read the secret in %s: %w", path, err)
	}
	line := strings.TrimRight(content, "\r\n")
	if strings.TrimSpace(line) == "" || strings.ContainsAny(line, "\r\n\x00") {
		return Secret{}, fmt.Errorf("read the secret in %s: %w", path, errors.New("it does not hold one line"))
	}
	return NewSecret(line), nil
}
