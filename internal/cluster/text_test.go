package cluster

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"n2 is down":               "n2 is down",
		"✅ geheilt, Nouméa":        "✅ geheilt, Nouméa",
		"a\x1b[2Jb":                "a·[2Jb",
		"down\n✅ all well":         "down·✅ all well",
		"right\u202eto left":       "right·to left",
		"not \xff UTF-8":           "not \ufffd UTF-8",
		"a\tb\r\x00c\u2028d\u0085": "a·b··c·d·",
	} {
		if got := Printable(text); got != want {
			t.Errorf("Printable(%q) = %q, want %q", text, got, want)
		}
	}
	if got := Printable(strings.Repeat("é", 5000)); len(got) > longestText+len("…") || !utf8.ValidString(got) {
		t.Errorf("a long text became %d bytes, valid: %t", len(got), utf8.ValidString(got))
	}
}
