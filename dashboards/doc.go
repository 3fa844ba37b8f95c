// Package dashboards shows: boards as Go values, rendered as Grafana's classic dashboard
// JSON, which Grafana 10 and later import.
//
// panel.go is the only file that knows the builder library, render.go the only one that
// knows the schema; a board is a list of panels with their queries.
package dashboards
