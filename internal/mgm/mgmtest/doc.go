// Package mgmtest is a management server of NDB Cluster for tests: it speaks the wire format,
// from a script or as a whole cluster with data nodes, and, when told so, badly.
package mgmtest
