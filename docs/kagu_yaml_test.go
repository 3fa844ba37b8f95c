package docs_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/kagu-db/kagu/internal/inventory"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// examples returns the YAML blocks of kagu.yaml.md; the first is the complete one.
func examples(t *testing.T) []string {
	t.Helper()
	var blocks []string
	for _, match := range yamlBlock.FindAllStringSubmatch(read(t, "kagu.yaml.md"), -1) {
		blocks = append(blocks, match[1])
	}
	if len(blocks) < 2 {
		t.Fatal("kagu.yaml.md holds no examples")
	}
	return blocks
}

func mapping(t *testing.T, text string) *yaml.Node {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) == 0 {
		t.Fatalf("not YAML: %v\n%s", err, text)
	}
	return doc.Content[0]
}

func load(t *testing.T, top *yaml.Node) (*inventory.Fleet, error) {
	t.Helper()
	text, err := yaml.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kagu.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return inventory.LoadWithoutSecrets(path)
}

// A block that shows one section is read in place of that section of a small fleet.
func TestExamplesOfKaguYAMLLoad(t *testing.T) {
	const fleet = `
site: noumea
credentials: {monitor: {user: m, password_file: m.pass}}
hosts: {db1: {address: 10.0.0.11}}
clusters: {c: {kind: galera, nodes: [{name: db1, host: db1, sql: "10.0.0.11:3306", service: mariadb.service}]}}
`
	for i, text := range examples(t) {
		top := mapping(t, fleet)
		block := mapping(t, text)
		if i == 0 {
			top = block
		}
		for k := 0; k < len(block.Content); k += 2 {
			replace(top, block.Content[k], block.Content[k+1])
		}
		if _, err := load(t, top); err != nil {
			t.Errorf("this example does not load:\n%s\n%v", text, err)
		}
	}
}

func replace(top, key, value *yaml.Node) {
	for k := 0; k < len(top.Content); k += 2 {
		if top.Content[k].Value == key.Value {
			top.Content[k+1] = value
			return
		}
	}
	top.Content = append(top.Content, key, value)
}

// The loader is asked for the keys it knows, by a wrong key in every mapping of the complete
// example; each of them must be on the page and in that example.
func TestEveryKeyIsDocumented(t *testing.T) {
	page, complete := read(t, "kagu.yaml.md"), examples(t)[0]
	top := mapping(t, complete)
	poison(top)
	_, err := load(t, top)
	var faults inventory.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("the wrong keys were not seen: %v", err)
	}
	keys := map[string]bool{}
	for _, f := range faults {
		if list, found := strings.CutPrefix(f.Remedy, "the keys here are "); found {
			for key := range strings.SplitSeq(list, ", ") {
				keys[key] = true
			}
		}
	}
	if len(keys) < 40 {
		t.Errorf("the loader told only %d keys: %v", len(keys), keys)
	}
	for key := range keys {
		if !strings.Contains(page, "`"+key+"`") {
			t.Errorf("kagu.yaml.md does not explain %s", key)
		}
		if !regexp.MustCompile(`(?m)(^|[\s{])` + key + `:`).MatchString(complete) {
			t.Errorf("the complete example of kagu.yaml.md lacks %s", key)
		}
	}
}

func poison(n *yaml.Node) {
	for _, child := range n.Content {
		poison(child)
	}
	if n.Kind == yaml.MappingNode {
		n.Content = append(n.Content,
			&yaml.Node{Kind: yaml.ScalarNode, Value: "zzzzzzzzzzzz"}, &yaml.Node{Kind: yaml.ScalarNode, Value: "x"})
	}
}
