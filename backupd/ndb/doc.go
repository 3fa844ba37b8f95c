// Package ndb is what backupd knows of NDB Cluster.
//
// A backup is NDB's own: the management protocol orders it, the data nodes write it, each its part,
// and the parts are collected from their hosts side by side. What it does not hold (schemas, views,
// routines, triggers, events, accounts) is read from one SQL node, and the configuration from a
// management server. A backup is proven in a throw-away cluster on this machine.
//
// It never starts a data node of the cluster with --initial, never drops a table, and never restores
// into tables that exist.
package ndb
