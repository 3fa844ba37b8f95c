package arch

import (
	"slices"
	"strconv"
	"strings"
)

// Check parses the tree below root and returns one line for each place that breaks a rule:
// path:line, what is there, and the rule.
func Check(root string) ([]string, error) {
	files, err := parse(root)
	if err != nil {
		return nil, err
	}
	var broken []string
	for _, f := range files {
		for _, spec := range f.syntax.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return nil, err
			}
			imported := strings.TrimPrefix(path, module)
			for _, rule := range importRules {
				if rule.broken(f, imported) {
					broken = append(broken, f.place(spec)+": imports "+imported+": "+rule.why)
				}
			}
		}
		for _, rule := range codeRules {
			for _, n := range rule.find(f) {
				broken = append(broken, f.place(n)+": "+rule.why)
			}
		}
	}
	broken = append(broken, undocumented(files)...)
	slices.Sort(broken)
	return broken, nil
}

// undocumented finds the packages without a doc.go. A program's is its main.go.
func undocumented(files []file) []string {
	documented := map[string]bool{}
	var folders []string
	for _, f := range files {
		switch {
		case f.syntax.Doc != nil && (strings.HasSuffix(f.path, "/doc.go") || f.syntax.Name.Name == "main"):
			documented[f.folder] = true
		case !f.test && !slices.Contains(folders, f.folder):
			folders = append(folders, f.folder)
		}
	}
	var broken []string
	for _, folder := range folders {
		if !documented[folder] {
			broken = append(broken, folder+": a package begins with doc.go, a program with a comment in main.go")
		}
	}
	return broken
}
