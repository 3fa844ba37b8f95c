package metric

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Markdown prints the catalogue as docs/metrics.md.
func Markdown() []byte {
	var b strings.Builder
	b.WriteString("# Metrics\n\n")
	b.WriteString("Written by `make generate` from `internal/metric`. Changes made here are lost.\n\n")
	b.WriteString("Absent data is an absent series, never 0. Target labels are set by service discovery, series labels by the program.\n")
	for _, s := range []struct {
		title    string
		families []*Family
	}{
		{"galera_exporter: a server, `/probe`", Galera()},
		{"galera_exporter: what proxies are told", Health()},
		{"galera_exporter: itself, `/metrics`", GaleraExporter()},
		{"ndb_exporter: a cluster, `/probe`", Ndb()},
		{"ndb_exporter: itself, `/metrics`", NdbExporter()},
		{"remediator", Remediator()},
		{"backupd", Backupd()},
		{"recorded by Prometheus", Recorded()},
	} {
		fmt.Fprintf(&b, "\n## %s\n", s.title)
		for _, f := range s.families {
			f.markdown(&b)
		}
	}
	return []byte(b.String())
}

func (f *Family) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n", f.Name, f.Help)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "- %s: %s\n", name, value)
		}
	}
	row("type", f.kind())
	row("unit", f.unit())
	row("labels", code(f.Labels))
	row("values of "+last(f.Labels), code(f.States))
	row("target labels", code(f.Target))
	row("source", f.Source)
	if f.Collector != "" {
		row("collector", "`"+f.Collector+"`")
	}
	row("read", string(f.Cost))
	row("when it moves", f.Moves)
}

func (f *Family) kind() string {
	switch {
	case f.Buckets != nil:
		return "histogram"
	case f.Type == prometheus.CounterValue && f.States != nil:
		return "counter, one series for each value"
	case f.Type == prometheus.CounterValue:
		return "counter"
	case f.States != nil:
		return "gauge, one series for each value"
	default:
		return "gauge"
	}
}

// unit reads the unit from the name, where every name has it.
func (f *Family) unit() string {
	words := strings.Split(strings.TrimSuffix(f.Name, "_total"), "_")
	for _, unit := range []string{"seconds", "bytes", "ratio"} {
		if slices.Contains(words[max(0, len(words)-1):], unit) {
			return unit
		}
	}
	return ""
}

func code(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "`" + strings.Join(words, "`, `") + "`"
}

func last(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "`" + words[len(words)-1] + "`"
}
