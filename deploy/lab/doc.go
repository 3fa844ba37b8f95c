// Package lab holds what a machine needs before it can run a lab: the script
// install-packages, and its test. There is no Go in it but the test.
package lab
