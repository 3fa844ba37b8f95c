// Package ndb knows what there is to measure of an NDB Cluster, and how.
//
// A target is a cluster. Its collectors ask all management servers at the same time, follow the
// events through one of them, and ask the SQL nodes; each fails alone. What the rules of
// internal/ndb make of all that are series too. What nobody said is absent, never 0, and a node
// that one source calls up and another down is neither.
package ndb
