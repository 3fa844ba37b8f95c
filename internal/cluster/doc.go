// Package cluster holds the words every program of Kagu shares: a cluster, its
// nodes, and a snapshot of what was seen of them at one moment.
//
// It does no I/O and imports the standard library only. Whoever observes fills a
// Snapshot; whoever decides reads one. What was not seen is Unknown and stays so:
// nothing here turns a missing answer into a No.
package cluster
