package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// nearest returns the known word that was probably meant, "" if none is near.
func nearest(word string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if strings.HasPrefix(k, word+"_") { // password for password_file
			return k
		}
		if d := edits(strings.ToLower(word), k); d < distance && d < len(k) {
			best, distance = k, d
		}
	}
	return best
}

// choose names what exists under a key, sorted, for a remedy.
func choose[V any](key string, names map[string]V) string {
	if len(names) == 0 {
		return "add it under " + key + ", where there is none yet"
	}
	list := slices.Sorted(maps.Keys(names))
	const most = 12 // a line that can still be read
	if rest := len(list) - most; rest > 0 {
		list = append(list[:most], fmt.Sprintf("and %d more", rest))
	}
	return fmt.Sprintf("the %s are %s; or add it under %s", key, strings.Join(list, ", "), key)
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
