// Package daemon is what every long-running program of Kagu does in the same way: read its
// flags, tell its build, listen, answer until it is asked to end, and let what runs come to its
// end.
package daemon
