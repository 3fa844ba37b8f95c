package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fatih/color"
)

// A paint makes a text of others safe for a terminal, and colours it there; elsewhere or under
// NO_COLOR it has no colour.
type paint func(text string) string

var (
	plain  paint = printable
	bold   paint = coloured(color.Bold)
	green  paint = coloured(color.FgGreen)
	yellow paint = coloured(color.FgYellow)
	red    paint = coloured(color.FgRed, color.Bold)
	faint  paint = coloured(color.Faint)
)

func coloured(how ...color.Attribute) paint {
	c := color.New(how...)
	return func(text string) string { return c.Sprint(printable(text)) }
}

// printable takes out what a terminal would obey or a line would end at. Incidents carry texts
// of servers and hosts; one of them that is in bad hands must not drive the screen of who looks.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, text)
}

// printableLines is printable for a text that may have lines, as an error may.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

type cell struct {
	text  string
	paint paint
}

// printTable aligns columns by what is seen: the colours have no width.
func printTable(w io.Writer, indent string, rows [][]cell) {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, c := range row {
			line.WriteString(c.paint(c.text))
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text)+2))
			}
		}
		fmt.Fprintln(w, indent+strings.TrimRight(line.String(), " "))
	}
}
