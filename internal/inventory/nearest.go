package inventory

import (
	"fmt"
	"slices"
	"strings"
)

// didYouMean names the nearest of the known words, or all of them if none is near.
func didYouMean(word string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := edits(strings.ToLower(word), k); d < distance && d < len(k) {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "the keys here are " + strings.Join(known, ", ")
}

// oneOf names what exists, sorted.
func oneOf[V any](names map[string]V) string {
	if len(names) == 0 {
		return "none"
	}
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	slices.Sort(list)
	const most = 12 // a line that can still be read
	if rest := len(list) - most; rest > 0 {
		list = append(list[:most], fmt.Sprintf("and %d more", rest))
	}
	return strings.Join(list, ", ")
}

// edits counts the letters to insert, remove or change to turn a into b.
func edits(a, b string) int {
	if len(a) > 64 {
		return len(a) // no key is that long
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		previous := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := previous
			if a[i] != b[j] {
				change++
			}
			previous = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
