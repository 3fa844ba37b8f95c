package arch

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// module is the path all of ours begin with.
const module = "github.com/kagu-db/kagu/"

// products are the folders of the jobs. In each, a folder of a database holds its knowledge.
var (
	products  = []string{"exporters", "alerts", "dashboards", "remediator", "backupd"}
	databases = []string{"galera", "ndb"}
	// joiners may import products: the programs, and what measures them.
	joiners = []string{"cmd", "bench"}
	// labUsers may import the lab outside of tests.
	labUsers = []string{"cmd/kagu", "bench"}
	// tools are linked by tools/go.mod alone.
	tools = []string{
		"tools", "github.com/prometheus/prometheus", "honnef.co/go/tools", "mvdan.cc/gofumpt",
	}
)

// An importRule says whether a file may import a path, and why not.
type importRule struct {
	why    string
	broken func(f file, imported string) bool
}

// importRules are the rules of who may know whom. The path that a rule gets is relative to
// the module for packages of ours ("internal/cluster"), whole for all others.
var importRules = []importRule{
	{
		"products never import each other",
		func(f file, imported string) bool {
			from, to := product(f.folder), product(imported)
			return from != "" && to != "" && from != to
		},
	},
	{
		"an engine never imports its databases; cmd joins them",
		func(f file, imported string) bool {
			return product(f.folder) != "" && !f.test && database(f.folder) == "" &&
				product(imported) == product(f.folder) && database(imported) != ""
		},
	},
	{
		"one database never imports another",
		func(f file, imported string) bool {
			from, to := database(f.folder), database(imported)
			return product(f.folder) != "" && from != "" && to != "" && from != to
		},
	},
	{
		"only cmd joins products",
		func(f file, imported string) bool {
			return product(imported) != "" && product(f.folder) == "" && top(f.folder) != "internal" &&
				!slices.Contains(joiners, top(f.folder)) && !f.test
		},
	},
	{
		"internal packages never import a product, not even in a test",
		func(f file, imported string) bool { return top(f.folder) == "internal" && product(imported) != "" },
	},
	{
		"internal/cluster imports the standard library only",
		func(f file, imported string) bool {
			return f.folder == "internal/cluster" && !f.test && !standard(imported)
		},
	},
	{
		"internal/metric imports nothing of ours",
		func(f file, imported string) bool {
			return f.folder == "internal/metric" && ours(imported) && imported != f.folder
		},
	},
	{
		"the lab is for cmd/kagu, the benchmarks and tests",
		func(f file, imported string) bool {
			return within(imported, "internal/lab") && !f.test && !slices.Contains(labUsers, f.folder) && top(f.folder) != "bench" &&
				!within(f.folder, "internal/lab")
		},
	},
	{
		"what tests need is for tests and their helpers",
		func(f file, imported string) bool {
			return imported == "internal/needs" && !f.test && !strings.HasSuffix(f.folder, "test")
		},
	},
	{
		"tools live in tools/go.mod and are never linked into a product",
		func(_ file, imported string) bool {
			return slices.ContainsFunc(tools, func(tool string) bool { return within(imported, tool) })
		},
	},
}

// codeRules are the rules about what a file says.
var codeRules = []struct {
	why  string
	find func(f file) []ast.Node
}{
	{"only cmd exits", exits},
	{"there is no init(): what is linked is a list in cmd", inits},
	{"only internal/needs asks for -short: make test finds the tests of real servers by it", shorts},
}

// exits finds the calls that end the process. A TestMain must end it.
func exits(f file) []ast.Node {
	if top(f.folder) == "cmd" || f.test {
		return nil
	}
	return f.uses(func(pkg, name string) bool {
		switch pkg {
		case "os", "syscall":
			return name == "Exit"
		case "log":
			return strings.HasPrefix(name, "Fatal") || strings.HasPrefix(name, "Panic")
		}
		return false
	})
}

func shorts(f file) []ast.Node {
	if f.folder == "internal/needs" {
		return nil
	}
	return f.uses(func(pkg, name string) bool { return pkg == "testing" && name == "Short" })
}

// uses finds what a file uses of the packages it imports.
func (f file) uses(wanted func(pkg, name string) bool) []ast.Node {
	var found []ast.Node
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := selector.X.(*ast.Ident); ok && wanted(f.imports(pkg.Name), selector.Sel.Name) {
				found = append(found, n)
			}
		}
		return true
	})
	return found
}

func inits(f file) []ast.Node {
	var found []ast.Node
	for _, d := range f.syntax.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "init" && fn.Recv == nil {
			found = append(found, fn)
		}
	}
	return found
}

// imports returns the path a package name stands for in the file, "" if it is none.
func (f file) imports(name string) string {
	for _, spec := range f.syntax.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if spec.Name != nil && spec.Name.Name == name || spec.Name == nil && path[strings.LastIndex(path, "/")+1:] == name {
			return path
		}
	}
	return ""
}

func top(folder string) string {
	first, _, _ := strings.Cut(folder, "/")
	return first
}

// product returns the product a folder is in, "" if it is in none.
func product(folder string) string {
	if first := top(folder); slices.Contains(products, first) {
		return first
	}
	return ""
}

// database returns the database whose knowledge a folder of a product holds, "" for an engine.
func database(folder string) string {
	if product(folder) == "" {
		return ""
	}
	for part := range strings.SplitSeq(folder, "/") {
		if slices.Contains(databases, part) {
			return part
		}
	}
	return ""
}

func within(folder, parent string) bool {
	return folder == parent || strings.HasPrefix(folder, parent+"/")
}

func standard(imported string) bool { return !ours(imported) && !strings.Contains(top(imported), ".") }

// ours reports whether an import, as the rules get it, is a package of this module.
func ours(imported string) bool {
	first := top(imported)
	return first == "internal" || first == "cmd" || first == "bench" || first == "tools" || product(imported) != ""
}
