package galera

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

// Transaction 23 holds a row; 24 waits for it, 25 for both. Thread 12 changes the table, 13 reads it.
var (
	rowWaits = []map[string]string{
		{"waits": "25", "holds": "24", "since": "1795472999", "began": "1795472999", "thread": "10", "user": "app", "host": "10.0.0.7:51000"},
		{"waits": "25", "holds": "23", "since": "1795472999", "began": "1795472998", "thread": "9", "user": "app", "host": "10.0.0.7:50998"},
		{"waits": "24", "holds": "23", "since": "1795472999", "began": "1795472998", "thread": "9", "user": "app", "host": "10.0.0.7:50998"},
	}
	metadataWaits = []map[string]string{{"thread": "13", "since": "1795473001"}, {"thread": "12", "since": "1795473000"}}
	metadataLocks = []map[string]string{
		{"thread": "10", "mode": "MDL_BACKUP_TRANS_DML", "type": "Backup lock", "db": "", "name": "", "began": "1795472999.02", "user": "app", "host": "10.0.0.7:51000"},
		{"thread": "12", "mode": "MDL_BACKUP_ALTER_COPY", "type": "Backup lock", "db": "", "name": "", "began": "1795473000.8", "user": "dba", "host": "localhost"},
		{"thread": "9", "mode": "MDL_SHARED_WRITE", "type": "Table metadata lock", "db": "a", "name": "p", "began": "1795472998.27", "user": "app", "host": "10.0.0.7:50998"},
		{"thread": "10", "mode": "MDL_SHARED_WRITE", "type": "Table metadata lock", "db": "a", "name": "p", "began": "1795472999.02", "user": "app", "host": "10.0.0.7:51000"},
		{"thread": "8", "mode": "MDL_SHARED_READ", "type": "Table metadata lock", "db": "a", "name": "other", "began": "1795470000.5", "user": "report", "host": "10.0.0.9:40000"},
		{"thread": "12", "mode": "MDL_SHARED_UPGRADABLE", "type": "Table metadata lock", "db": "a", "name": "p", "began": "1795473000.8", "user": "dba", "host": "localhost"},
		{"thread": "12", "mode": "MDL_INTENTION_EXCLUSIVE", "type": "Schema metadata lock", "db": "a", "name": "", "began": "1795473000.8", "user": "dba", "host": "localhost"},
	}
)
