// Package background makes processes yield to the databases they share a machine with.
package background
