package dashboards

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// screen is what a 1920x1080 screen shows of a board in kiosk mode.
var screen = struct{ columns, rows uint32 }{24, 28}

// shown is the part of a board's JSON that decides how it looks.
type shown struct {
	UID           string `json:"uid"`
	Refresh       string `json:"refresh"`
	SchemaVersion int    `json:"schemaVersion"`
	Panels        []struct {
		ID          int    `json:"id"`
		Title       string `json:"title"`
		Description string `json:"description"`
		Grid        struct {
			X uint32 `json:"x"`
			Y uint32 `json:"y"`
			W uint32 `json:"w"`
			H uint32 `json:"h"`
		} `json:"gridPos"`
	} `json:"panels"`
}

func read(t *testing.T, b Board) (shown, []byte) {
	t.Helper()
	text, err := Render(b)
	if err != nil {
		t.Fatal(err)
	}
	var s shown
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s, text
}

func TestCommittedBoardsAreThoseOfTheCode(t *testing.T) {
	for _, b := range Boards() {
		_, got := read(t, b)
		want, err := os.ReadFile(filepath.Join("json", b.UID+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("json/%s.json is not what the code says; `make generate` rewrites it (-committed +rendered):\n%s", b.UID, diff)
		}
	}
}

func TestRenderingTwiceGivesTheSameBytes(t *testing.T) {
	_, first := read(t, galera())
	_, second := read(t, galera())
	if !bytes.Equal(first, second) {
		t.Error("two renderings of one board differ")
	}
}

// TestBoardFillsTheScreen wants every cell covered by exactly one panel. A board is one screen, or
// several beneath each other.
func TestBoardFillsTheScreen(t *testing.T) {
	for _, b := range Boards() {
		s, _ := read(t, b)
		cover, screens := map[[2]uint32]string{}, uint32(1)
		for _, p := range s.Panels {
			for x := p.Grid.X; x < p.Grid.X+p.Grid.W; x++ {
				for y := p.Grid.Y; y < p.Grid.Y+p.Grid.H; y++ {
					if other, taken := cover[[2]uint32{x, y}]; taken {
						t.Fatalf("%s: panels %q and %q overlap at column %d, row %d", b.UID, other, p.Title, x, y)
					}
					cover[[2]uint32{x, y}] = p.Title
					screens = max(screens, y/screen.rows+1)
					if x >= screen.columns {
						t.Fatalf("%s: panel %q leaves the screen", b.UID, p.Title)
					}
				}
			}
		}
		if got, want := uint32(len(cover)), screens*screen.columns*screen.rows; got != want {
			t.Errorf("%s covers %d of %d cells", b.UID, got, want)
		}
	}
}

func TestEveryPanelSaysWhatItShows(t *testing.T) {
	for _, b := range Boards() {
		s, _ := read(t, b)
		if s.UID == "" || s.Refresh != "5s" || s.SchemaVersion == 0 {
			t.Errorf("%s: uid %q, refresh %q, schema %d", b.UID, s.UID, s.Refresh, s.SchemaVersion)
		}
		ids := map[int]bool{}
		for _, p := range s.Panels {
			if p.Title == "" || p.Description == "" || ids[p.ID] {
				t.Errorf("%s: panel %d %q lacks a title, a description or an id of its own", b.UID, p.ID, p.Title)
			}
			ids[p.ID] = true
		}
	}
}

func TestQueriesAreReadBack(t *testing.T) {
	_, text := read(t, galera())
	queries, err := Queries(text)
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]int{}
	for _, q := range queries {
		if q.Expr == "" {
			t.Errorf("%s has an empty query", q.Where)
		}
		places[q.Where]++
	}
	for where, want := range map[string]int{"variable cluster": 1, "panel Nodes synced": 2, "panel Nodes": 1, "annotation Alerts": 1, "annotation Incidents": 1} {
		if places[where] != want {
			t.Errorf("%s: %d queries, want %d", where, places[where], want)
		}
	}
}

func TestProvisioningIsYAMLThatGrafanaKnows(t *testing.T) {
	source, err := DataSource("127.0.0.1:9090", "5s")
	if err != nil {
		t.Fatal(err)
	}
	boards, err := Provider("/srv/boards")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version int `yaml:"apiVersion"`
		Sources []struct {
			URL  string            `yaml:"url"`
			Type string            `yaml:"type"`
			JSON map[string]string `yaml:"jsonData"`
		} `yaml:"datasources"`
		Providers []struct {
			Options map[string]string `yaml:"options"`
		} `yaml:"providers"`
	}
	for _, text := range [][]byte{source, boards} {
		if err := yaml.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
	}
	if got.Version != 1 || len(got.Sources) != 1 || len(got.Providers) != 1 {
		t.Fatalf("got %+v", got)
	}
	if s := got.Sources[0]; s.URL != "http://127.0.0.1:9090" || s.Type != "prometheus" || s.JSON["timeInterval"] != "5s" {
		t.Errorf("data source: %+v", s)
	}
	if folder := got.Providers[0].Options["path"]; folder != "/srv/boards" {
		t.Errorf("folder of the boards: %q", folder)
	}
}
