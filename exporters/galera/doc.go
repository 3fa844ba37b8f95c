// Package galera knows what a Galera node can be asked, and which family each answer is.
//
// It asks with SHOW only: a node that is alive and not operational answers that and little
// else. A node that does not answer leaves galera_up 0 and nothing more.
package galera
