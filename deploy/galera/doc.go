// Package galera holds reviewed settings of Galera's failure detection, the longest part of an
// outage, as files for /etc/mysql/mariadb.conf.d. The lab runs with the same files.
package galera
