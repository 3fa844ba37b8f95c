package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"
)

// A paint colours a text on a terminal, and leaves it alone elsewhere or under NO_COLOR.
type paint func(a ...any) string

var (
	plain  paint = fmt.Sprint
	bold   paint = color.New(color.Bold).Sprint
	green  paint = color.New(color.FgGreen).Sprint
	yellow paint = color.New(color.FgYellow).Sprint
	red    paint = color.New(color.FgRed, color.Bold).Sprint
	faint  paint = color.New(color.Faint).Sprint
)

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
