// Package journal is the remediator's memory: hints, incidents, and above all intents,
// written down before anything is done and closed when its outcome is known.
//
// It is one SQLite file (package statefile). Every write is on disk when the call returns (WAL with
// synchronous=FULL), so that a process killed at any moment finds, when it starts again,
// which act it may have begun. One process opens it at a time; a second one is refused.
package journal
