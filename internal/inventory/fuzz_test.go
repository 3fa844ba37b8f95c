package inventory

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Whatever the bytes, the reader ends with a fleet whose names resolve, or with faults that
// have a place in the file.
func FuzzFleet(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newReader("/kagu.yaml", nil)
		fleet, err := r.fleet(data)
		if err != nil {
			var faults Faults
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("the error is %T %q", err, err)
			}
			for _, fault := range faults {
				if fault.Line > bytes.Count(data, []byte("\n"))+2 {
					t.Errorf("line %d is past the end: %v", fault.Line, fault)
				}
			}
			return
		}
		if fleet.Site == "" || len(fleet.Clusters) == 0 {
			t.Errorf("an incomplete fleet was accepted: %+v", fleet)
		}
		for _, c := range fleet.Clusters {
			checkCluster(t, fleet, c)
		}
	})
}

func checkCluster(t *testing.T, fleet *Fleet, c Cluster) {
	t.Helper()
	if c.Kind == "" || c.Mode == "" || c.TLS == nil || c.Credential.Name == "" || len(c.All()) == 0 {
		t.Errorf("an incomplete cluster was accepted: %+v", c)
	}
	for _, n := range c.All() {
		if n.Name == "" || n.Host.Name == "" || fleet.Hosts[n.Host.Name] != n.Host || (n.Service == "") == (n.Start == nil) {
			t.Errorf("an incomplete node was accepted: %+v", n)
		}
	}
}
