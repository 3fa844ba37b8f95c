// Package sshrun runs one command on one host over SSH and returns what it wrote.
//
// The host's key is pinned: a host that known_hosts does not name is refused before anything
// is sent, and so is one that shows another key. One deadline covers the whole call: dialling,
// a server that accepts and never speaks, logging in, and a command that hangs. What the host
// may send is capped at every stage. There is no shell here, no agent, no forwarding, no
// password, and no second attempt: whether to try again is the caller's to decide, because
// only the caller knows whether the command may run twice.
package sshrun
