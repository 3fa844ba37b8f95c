package exporters

import (
	"fmt"
	"slices"
	"strings"
)

// On returns the rows of a database's table of collectors that are on. row tells the name of one and
// whether it is on by itself; switches say what somebody switched.
func On[S any](all []S, row func(S) (name string, on bool), switches map[string]bool) []S {
	return slices.DeleteFunc(slices.Clone(all), func(one S) bool {
		name, on := row(one)
		if switched, is := switches[name]; is {
			on = switched
		}
		return !on
	})
}

// Asked returns the rows with these names, on or not, or with no name those that are on. One that was
// switched off is not to be had.
func Asked[S any](all []S, row func(S) (name string, on bool), switches map[string]bool, names []string) ([]S, error) {
	if len(names) == 0 {
		return On(all, row, switches), nil
	}
	var some []S
	var known []string
	for _, one := range all {
		name, _ := row(one)
		if on, switched := switches[name]; switched && !on {
			continue
		}
		known = append(known, name)
		if slices.Contains(names, name) {
			some = append(some, one)
		}
	}
	slices.Sort(known)
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("no collector %q, or it is switched off; there are %s", name, strings.Join(known, ", "))
		}
	}
	return some, nil
}
