package cluster

import (
	"strings"
	"unicode"
)

// longestText bounds what is kept of a server's or host's words, in bytes.
const longestText = 2000

// Printable returns the text as one line that no terminal obeys and no chat takes for two
// messages: what servers, hosts and labels say is shown to people who decide by it.
func Printable(text string) string {
	if len(text) > longestText {
		text = strings.ToValidUTF8(text[:longestText], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, text)
}
