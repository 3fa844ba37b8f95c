package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fatih/color"
	"golang.org/x/term"
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

// terminalWidth is how many columns a terminal has; 0: it is none, and a line may be of any length.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// widths returns what each column of a table takes.
func widths(rows [][]cell) []int {
	var all []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(all) {
				all = append(all, 0)
			}
			all[i] = max(all[i], utf8.RuneCountInString(c.text))
		}
	}
	return all
}

// tableWidth returns what a table takes.
func tableWidth(rows [][]cell) int {
	total := -2
	for _, n := range widths(rows) {
		total += n + 2
	}
	return total
}

// printTable aligns columns by what is seen: the colours have no width.
func printTable(w io.Writer, indent string, rows [][]cell) {
	columns := widths(rows)
	for _, row := range rows {
		var line strings.Builder
		for i, c := range row {
			line.WriteString(c.paint(c.text))
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", columns[i]-utf8.RuneCountInString(c.text)+2))
			}
		}
		fmt.Fprintln(w, indent+strings.TrimRight(line.String(), " "))
	}
}
