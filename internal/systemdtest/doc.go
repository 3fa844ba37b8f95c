// Package systemdtest runs a real systemd for a test, with units of the test.
package systemdtest
