package backupd

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/kagu-db/kagu/internal/alertmsg"
)

// An apiSchema is a type that the API takes or gives, under its name in openapi.yaml.
type apiSchema struct {
	name  string
	value any
}

func apiSchemas() []apiSchema {
	return []apiSchema{
		{"Listing", Listing{}},
		{"Backup", Shown{}},
		{"Manifest", Manifest{}},
		{"Origin", Origin{}},
		{"Position", Position{}},
		{"Table", Table{}},
		{"Sealing", Sealing{}},
		{"Stream", Stream{}},
		{"Part", Part{}},
		{"Record", Record{}},
		{"Evidence", Evidence{}},
		{"Check", Check{}},
		{"Logs", Logs{}},
		{"Stretch", Stretch{}},
		{"Reach", Reach{}},
		{"Run", Run{}},
		{"Progress", Progress{}},
		{"Planned", Planned{}},
		{"PrunePlan", PrunePlan{}},
		{"Decision", Decision{}},
		{"Orphan", Orphan{}},
		{"PruneAnswer", PruneAnswer{}},
		{"TakeRequest", TakeRequest{}},
		{"ProveRequest", ProveRequest{}},
		{"CancelRequest", CancelRequest{}},
		{"PruneRequest", PruneRequest{}},
		{"Received", alertmsg.Answer{}},
		{"Ignored", alertmsg.Ignored{}},
	}
}

type apiField struct {
	name, shape string
	required    bool
}

// apiFields lists the fields of a type as encoding/json has them; shape is the line of YAML that
// describes one.
func apiFields(t reflect.Type) []apiField {
	var all []apiField
	for f := range fieldsOf(t) {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && tag == "":
			all = append(all, apiFields(f.Type)...)
		case f.IsExported():
			all = append(all, apiField{tag, shapeOf(f.Type), !strings.Contains(options, "omit")})
		}
	}
	return all
}

func fieldsOf(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func shapeOf(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "{type: string, format: date-time}"
	case t.Kind() == reflect.Pointer:
		return shapeOf(t.Elem())
	case t.Kind() == reflect.Slice:
		return "{type: array, items: " + shapeOf(t.Elem()) + "}"
	case t.Kind() == reflect.Map:
		return "{type: object, additionalProperties: " + shapeOf(t.Elem()) + "}"
	case t.Kind() == reflect.Struct:
		for _, s := range apiSchemas() {
			if reflect.TypeOf(s.value) == t {
				return "{$ref: '#/components/schemas/" + s.name + "'}"
			}
		}
		return "no schema for " + t.String()
	case t.Kind() == reflect.Bool:
		return "{type: boolean}"
	case t.Kind() == reflect.Float64:
		return "{type: number}"
	case t.Kind() == reflect.String:
		return "{type: string}"
	}
	return "{type: integer}"
}

// document is what is read of openapi.yaml.
type openapi struct {
	OpenAPI    string                          `yaml:"openapi"`
	Paths      map[string]map[string]operation `yaml:"paths"`
	Components struct {
		Schemas map[string]struct {
			Description string               `yaml:"description"`
			Required    []string             `yaml:"required"`
			Properties  map[string]yaml.Node `yaml:"properties"`
		} `yaml:"schemas"`
	} `yaml:"components"`
}

type operation struct {
	Summary   string         `yaml:"summary"`
	Responses map[string]any `yaml:"responses"`
}

func TestTheDescriptionIsThatOfTheAPI(t *testing.T) {
	w := call(newAPI(t), http.MethodGet, "/api/v1/openapi.yaml", "", "")
	var d openapi
	if err := yaml.Unmarshal(w.Body.Bytes(), &d); err != nil || d.OpenAPI != "3.0.3" {
		t.Fatalf("%v: %.100s", err, w.Body)
	}

	want := []string{"POST /api/v1/alerts"} // the Receiver's
	for _, r := range (&API{}).routes() {
		want = append(want, r.method+" "+r.path)
	}
	var got []string
	for path, operations := range d.Paths {
		for method, o := range operations {
			if method == "parameters" {
				continue
			}
			got = append(got, strings.ToUpper(method)+" "+path)
			if o.Summary == "" || len(o.Responses) == 0 {
				t.Errorf("%s %s has no summary or no responses", method, path)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-served +described):\n%s", diff)
	}

	names := slices.Collect(maps.Keys(d.Components.Schemas))
	for _, s := range apiSchemas() {
		names = slices.DeleteFunc(names, func(n string) bool { return n == s.name })
		described := map[string]apiField{}
		schema := d.Components.Schemas[s.name]
		for name, node := range schema.Properties {
			described[name] = apiField{name, flow(t, &node), slices.Contains(schema.Required, name)}
		}
		served := map[string]apiField{}
		for _, f := range apiFields(reflect.TypeOf(s.value)) {
			served[f.name] = f
		}
		if diff := cmp.Diff(served, described, cmp.AllowUnexported(apiField{})); diff != "" {
			t.Errorf("%s (-served +described):\n%s", s.name, diff)
		}
		if schema.Description == "" {
			t.Errorf("%s has no description", s.name)
		}
	}
	if !slices.Equal(names, []string{"Error"}) {
		t.Errorf("described and not served: %q", names)
	}
}

// flow writes a node as shapeOf does, without its description.
func flow(t *testing.T, n *yaml.Node) string {
	t.Helper()
	var parts []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		switch {
		case key == "description":
		case value.Kind == yaml.MappingNode:
			parts = append(parts, key+": "+flow(t, value))
		case key == "$ref":
			parts = append(parts, key+": '"+value.Value+"'")
		default:
			parts = append(parts, key+": "+value.Value)
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
