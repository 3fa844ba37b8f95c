// Package demo breaks a node of a lab and tells, as it happens, how the loop heals it.
//
// It takes no part in the loop. It watches from outside: the database and the process table,
// Prometheus' and the remediator's API, and what arrived at the stand-in for Slack. Every
// line has the moment at which the thing happened, not the one at which the demo noticed.
package demo
