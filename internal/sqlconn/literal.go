package sqlconn

import (
	"fmt"
	"strings"
	"unicode"
)

// Literal quotes a text as every server reads it, whatever its sql_mode. A backslash means
// different things to different modes, so it is refused, and so is what a terminal hides. The
// error names what the text is.
func Literal(what, text string) (string, error) {
	switch {
	case text == "":
		return "", fmt.Errorf("the %s is empty", what)
	case len(text) > 255:
		return "", fmt.Errorf("the %s is longer than any server takes", what)
	case strings.ContainsRune(text, '\\') || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", fmt.Errorf("the %s %+q has a backslash or a character that does not print", what, text)
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'", nil
}
