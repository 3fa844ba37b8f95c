// Package host answers the verbs of package node on a database host. It is what kagu-node is
// made of.
//
// It looks at the host itself: /proc, systemd, the data directory. It never asks the database,
// and it believes a pid file only after it has seen the process. What cannot be found out is
// unknown, never absent, because "absent" is what permits a start. A start is never the first
// of a new cluster, is never carried out twice for one ID, and is refused beside a process
// that exists in any form. Nothing here removes data or kills with a signal that cannot be
// handled.
package host
