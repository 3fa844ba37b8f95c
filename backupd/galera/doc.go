// Package galera knows how a Galera cluster is backed up, how its backups are proven, and how
// they are restored.
//
// What is taken: the files of one member (physical, incremental), its rows as SQL (logical), and
// its binary logs without end (binlog). The member is chosen by rule from what was just seen: it is
// never the writer and never the last that is synced, and it is out of flow control meanwhile.
//
// Backups are restored on a scratch server: a MariaDB of ours in a folder of ours that nobody
// else can reach. Points in time are reached there, by replaying archived binary logs up to the
// end of a transaction, before anything goes near a cluster. Nothing here founds a cluster.
package galera
