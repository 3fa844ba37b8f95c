// Package galera knows what a Galera node can be asked, and which family each answer is.
//
// What tells whether a node lives is asked with SHOW only: a node that is alive and not
// operational answers that and little else. A node that does not answer leaves galera_up 0, and
// beside it only what its host knows, for an exporter that runs there. Sources lists the
// collectors; each is a file.
package galera
