// Package node is the closed list of verbs that kagu-node answers on a database host,
// and the client that sends them. What happens on the host is in package node/host.
//
// A request is one JSON object that names a verb, a cluster and a node from the host's own
// kagu.yaml. No text of a request ever becomes part of a command: what is run comes from
// kagu.yaml on the host. On its way it is written in base64, so that it is harmless even to
// an account whose key somebody forgot to bind to kagu-node, where a shell would read it.
// Before a verb changes anything, kagu-node re-checks the verb's preconditions on the spot;
// a request that comes late or twice is refused.
package node
