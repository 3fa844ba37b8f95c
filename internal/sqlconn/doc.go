// Package sqlconn is a handle on one database server, for programs that watch it.
//
// A DB keeps at most one connection and opens it again when it breaks or is an hour old. Statements go as text,
// never prepared: a Galera node that is not operational refuses prepared statements but
// answers SET and SHOW. Each new connection is told to wait for nothing (no causality, no
// locks), to read even from a node without a primary component, and to stay out of the slow
// log; a server that does not know one of these settings is used without it. The caller's
// context bounds everything, the handshake included, also against a server that accepts and
// never answers. No error holds a password.
package sqlconn
