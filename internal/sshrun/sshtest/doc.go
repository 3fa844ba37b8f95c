// Package sshtest runs a real sshd on loopback for tests, with a host key, an account key and
// a known_hosts of its own in a temporary folder.
package sshtest
