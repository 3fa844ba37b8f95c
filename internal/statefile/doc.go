// Package statefile is one SQLite file for one daemon: what it must not forget.
//
// Every write is on disk when the call returns (WAL with synchronous=FULL). One process opens the
// file at a time; a second one is refused.
package statefile
