// Package wsrep turns what a Galera node says of itself into typed values: its status
// variables, its provider options, grastate.dat and gvwstate.dat.
//
// It does no I/O. A value that the node did not give, or gave as "undefined" (-1, sometimes
// printed unsigned), is absent here and never 0. A variable of a later version, or a
// malformed one, costs only itself.
package wsrep
