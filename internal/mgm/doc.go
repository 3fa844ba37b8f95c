// Package mgm speaks the management protocol of MySQL NDB Cluster: the line protocol on port
// 1186 of ndb_mgmd. It needs no library of the database, and works while no SQL node is alive.
//
// A Client asks and orders; a Listener follows the events. Both take several management
// servers and go on with the next when one does not answer. What only reads is asked again
// elsewhere. What changes something is sent once: if its answer is lost the error is
// ErrOutcomeUnknown, because the server may have carried it out.
//
// The server does what it is told, by anybody who reaches its port. So the flags that take a
// cluster down or erase a node are no options here: each is a method whose name says what it
// does. The flag `force`, which lets the server stop every data node if it may not stop the one
// that was named, is not offered at all.
//
// What a server says and this package does not know (a state, an event, a key of the
// configuration) is kept as it came and can be told apart by Known.
package mgm
