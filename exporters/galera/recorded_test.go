package galera

import (
	"slices"
	"strconv"
)

// What MariaDB 10.11.14 said, of two servers beside each other.

// responseTimes are the rows of QUERY_RESPONSE_TIME.
var responseTimes = map[string]string{
	"      0.000001": "12       0.000000", "      0.000010": "25       0.000042", "      0.000100": "24       0.001062",
	"      0.001000": "50       0.021869", "      0.010000": "14       0.035564", "      0.100000": "6       0.271695",
	"      1.000000": "1       0.244571", "     10.000000": "4      25.995152", "    100.000000": "1      10.015619",
	"   1000.000000": "0       0.000000", "  10000.000000": "0       0.000000", " 100000.000000": "0       0.000000",
	"1000000.000000": "0       0.000000", "too long": "2 TOO LONG",
}

// channels are those of a replica of which one was stopped by data that differ. Of its columns
// those are left out that are not read, and one is kept that must not be told.
var channels = []map[string]string{
	{
		"connection_name": "", "master_host": "127.7.7.71", "master_user": "r", "master_port": "3371", "slave_io_running": "Yes", "slave_sql_running": "No",
		"last_sql_errno": "1451", "last_io_errno": "0", "relay_log_space": "2119", "using_gtid": "Slave_Pos", "sql_delay": "0",
		"gtid_io_pos": "0-71-8", "gtid_slave_pos": "0-72-12",
		"last_sql_error": "Error 'Cannot delete or update a parent row: a foreign key constraint fails' on query. Default database: 'a'. Query: 'create table p(id int primary key, v int)'",
	},
	{
		"connection_name": "ndb", "master_host": "10.0.1.51", "master_port": "3306", "slave_io_running": "Preparing", "slave_sql_running": "Yes",
		"seconds_behind_master": "17", "last_sql_errno": "0", "last_io_errno": "2003", "relay_log_space": "544", "using_gtid": "No", "sql_delay": "3600",
		"gtid_io_pos": "", "gtid_slave_pos": "0-72-12",
	},
}

// threadList is that of a node on which a schema change waits for a client. Thread 7 is ours.
var threadList = slices.Concat(
	[]map[string]string{
		{"id": "7", "user": "kagu_monitor", "host": "10.0.0.5:60000", "command": "Query", "time": "0", "state": "starting", "info": "/* kagu */ SHOW PROCESSLIST", "progress": "0.000"},
		{"id": "8", "user": "report", "host": "10.0.0.9:40000", "command": "Sleep", "time": "2500", "state": "", "progress": "0.000"},
		{"id": "9", "user": "app", "host": "10.0.0.7:50998", "command": "Sleep", "time": "11", "state": "", "progress": "0.000"},
		{"id": "10", "user": "app", "host": "10.0.0.7:51000", "command": "Query", "time": "11", "state": "Updating", "info": "UPDATE p SET v = 'hunter2'", "progress": "0.000"},
		{"id": "12", "user": "dba", "host": "localhost", "command": "Query", "time": "10", "state": "Waiting for table metadata lock", "info": "ALTER TABLE p ADD COLUMN b INT", "progress": "0.000"},
		{"id": "13", "user": "app", "host": "10.0.0.7:51004", "command": "Execute", "time": "9", "state": "Waiting for table metadata lock", "info": "SELECT * FROM p", "progress": "0.000"},
		{"id": "5", "user": "event_scheduler", "host": "localhost", "command": "Daemon", "time": "90000", "state": "Waiting for next activation", "progress": "0.000"},
	},
	crowd(100, 3, "system user", "wsrep applier idle"), crowd(110, 1, "system user", "wsrep aborter idle"), crowd(120, 1, "system user", "Committing"),
	crowd(130, 4, "system user", "InnoDB purge worker"), crowd(140, 1, "system user", "Waiting for table metadata lock"),
	crowd(200, 1, "app", "Waiting to execute in isolation"), crowd(210, 1, "app", "acquiring total order isolation"), crowd(220, 2, "app", "Waiting for TOI DDL"),
	crowd(230, 6, "app", "Waiting for certification"), crowd(240, 1, "app", "wsrep: initiating replication"),
	crowd(250, 7, "app", "Waiting for flow control"), crowd(260, 2, "app", "wsrep: committing"), crowd(270, 9, "app", "Sleep"),
)

// crowd is n threads in one state, of which the server tells no time.
func crowd(id, n int, user, state string) (rows []map[string]string) {
	for i := range n {
		rows = append(rows, map[string]string{"id": strconv.Itoa(id + i), "user": user, "host": "10.0.0.8:1", "command": "Query", "state": state})
	}
	return rows
}

// openTransactions are of an applier, of threads 10 and 9, and of one that has no thread.
var openTransactions = []map[string]string{
	{"thread": "120", "modified": "90000", "began": "1795400000"},
	{"thread": "10", "modified": "1", "began": "1795472999"},
	{"thread": "9", "modified": "12000", "began": "1795472998"},
	{"thread": "0", "modified": "70000", "began": "1795300000"},
}

// Transaction 23 holds a row; 24 waits for it, 25 for both. Thread 12 changes the table, 13 reads it.
var (
	rowWaits = []map[string]string{
		{"waits": "25", "holds": "24", "since": "1795472999", "began": "1795472999", "thread": "10"},
		{"waits": "25", "holds": "23", "since": "1795472999", "began": "1795472998", "thread": "9"},
		{"waits": "24", "holds": "23", "since": "1795472999", "began": "1795472998", "thread": "9"},
	}
	metadataLocks = []map[string]string{
		{"thread": "10", "mode": "MDL_BACKUP_TRANS_DML", "type": "Backup lock", "db": "", "name": "", "began": "1795472999.02"},
		{"thread": "12", "mode": "MDL_BACKUP_ALTER_COPY", "type": "Backup lock", "db": "", "name": "", "began": "1795473000.8"},
		{"thread": "9", "mode": "MDL_SHARED_WRITE", "type": "Table metadata lock", "db": "a", "name": "p", "began": "1795472998.27"},
		{"thread": "10", "mode": "MDL_SHARED_WRITE", "type": "Table metadata lock", "db": "a", "name": "p", "began": "1795472999.02"},
		{"thread": "8", "mode": "MDL_SHARED_READ", "type": "Table metadata lock", "db": "a", "name": "other", "began": "1795470000.5"},
		{"thread": "12", "mode": "MDL_SHARED_UPGRADABLE", "type": "Table metadata lock", "db": "a", "name": "p", "began": "1795473000.8"},
		{"thread": "12", "mode": "MDL_INTENTION_EXCLUSIVE", "type": "Schema metadata lock", "db": "a", "name": "", "began": "1795473000.8"},
	}
)
