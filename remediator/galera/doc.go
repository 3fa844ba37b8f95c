// Package galera is what the remediator knows of Galera clusters: how to look at one, what can
// be wrong with it, what would heal that, and which acts would endanger the quorum.
//
// It looks at the servers by SQL and at their hosts through kagu-node, never at Prometheus:
// an alert may be old or false, and so may be what it was made from.
package galera
