package dashboards

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

type provisionedSource struct {
	Name      string         `yaml:"name"`
	UID       string         `yaml:"uid"`
	Type      string         `yaml:"type"`
	Access    string         `yaml:"access"`
	URL       string         `yaml:"url"`
	IsDefault bool           `yaml:"isDefault"`
	JSONData  map[string]any `yaml:"jsonData"`
}

type provider struct {
	Name            string            `yaml:"name"`
	Folder          string            `yaml:"folder"`
	Type            string            `yaml:"type"`
	DisableDeletion bool              `yaml:"disableDeletion"`
	AllowUIUpdates  bool              `yaml:"allowUiUpdates"`
	Options         map[string]string `yaml:"options"`
}

// DataSource returns Grafana's provisioning file for the Prometheus at that address. Scrape
// is Prometheus' scrape interval, which $__rate_interval is made from.
func DataSource(prometheus, scrape string) ([]byte, error) {
	return document(map[string]any{"apiVersion": 1, "datasources": []provisionedSource{{
		Name: "Kagu", UID: "kagu-prometheus", Type: "prometheus", Access: "proxy",
		URL: "http://" + prometheus, IsDefault: true,
		JSONData: map[string]any{"timeInterval": scrape, "httpMethod": "POST"},
	}}})
}

// Provider returns Grafana's provisioning file for the boards in that folder of its host.
func Provider(folder string) ([]byte, error) {
	return document(map[string]any{"apiVersion": 1, "providers": []provider{{
		Name: "Kagu", Folder: "Kagu", Type: "file", DisableDeletion: true,
		Options: map[string]string{"path": folder},
	}}})
}

func document(v any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# Written by `kagu generate`. Changes made here are lost.\n")
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return b.Bytes(), nil
}
