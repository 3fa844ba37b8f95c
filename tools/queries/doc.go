// Package queries checks every query of the rules and boards with Prometheus' own parser
// against the catalogue of internal/metric. It lives in the tools module so that no product
// depends on Prometheus.
package queries
