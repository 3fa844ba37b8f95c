// Package metric is the catalogue: every metric family of Kagu, declared once as a Go value.
//
// Exporters emit a Family's samples, rules and panels insert its name into their queries,
// docs/metrics.md is printed from it. A name that is not here does not exist.
package metric
