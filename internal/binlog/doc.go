// Package binlog knows a server's binary log again.
//
// What MariaDB and MySQL write differs in its events, but not in how a file begins, how an event begins and
// how files are named. An archive that goes on with a file must be sure that it is the one which was
// archived: a server that was rebuilt, or whose logs were reset, gives the same names again, and some day
// its files are as long as the old ones. Here is what tells them apart, and where a line ends because of it.
package binlog
