package lab

import (
	"fmt"
	"os"
)

// writeNDBScrape writes Prometheus' configuration: scrape what ndb_exporter's service discovery
// lists, and the exporter itself.
func (l *Lab) writeNDBScrape() error {
	if err := os.MkdirAll(l.file("generated"), 0o700); err != nil {
		return err
	}
	exporter := l.Addresses[NDBExporter]
	return writeFile(l.file("generated", "prometheus.yml"), fmt.Appendf(nil, `# Written by kagu lab.
global:
  scrape_interval: 1s
  evaluation_interval: 1s
scrape_configs:
  - job_name: ndb
    metrics_path: /probe
    http_sd_configs:
      - url: http://%[1]s/sd
        refresh_interval: 5s
    relabel_configs:
      - target_label: __address__
        replacement: %[1]s
  - job_name: ndb_exporter
    static_configs:
      - targets: ["%[1]s"]
`, exporter))
}
