// Package node is the closed list of verbs that kagu-node answers on a database host,
// and the client that sends them.
//
// A request is one line of JSON that names a verb, a cluster and a node from the host's
// own kagu.yaml. No text of a request ever becomes part of a command: what is run comes
// from kagu.yaml on the host. Before a verb changes anything, kagu-node re-checks the
// verb's preconditions on the spot; a request that comes late or twice is refused.
package node
