package metric

// The families of galera_exporter about what the schemas are made of.
var (
	GaleraSchemaHazardTables = inSchema.family("galera_schema_hazard_tables", gauge, []string{"hazard", "schema"},
		"Tables that replicate badly, by why (no_primary_key, not_innodb, cascade_to_big_table) and by schema, for each the 50 schemas with most of them; read once an hour (information_schema).",
		"information_schema.INNODB_SYS_TABLES, INNODB_SYS_INDEXES, INNODB_SYS_FOREIGN, INNODB_SYS_TABLESPACES, TABLES",
		"no_primary_key: applying members look for each row one by one. not_innodb: the table is not replicated at all. cascade_to_big_table: one small DELETE may become a write set that no member can apply.")
	GaleraSchemaSizeBytes = inSchema.family("galera_schema_size_bytes", gauge, []string{"schema"},
		"Bytes that the InnoDB files of a schema hold, of the 50 largest; the schema (other) is all the rest; read once an hour (information_schema.INNODB_SYS_TABLESPACES).",
		"information_schema.INNODB_SYS_TABLESPACES", "Its growth over a week against galera_datadir_available_bytes says when the disk is full.")
	GaleraSchemaTables = inSchema.family("galera_schema_tables", gauge, []string{"schema"},
		"InnoDB files of a schema, one for each table or partition, of the 50 largest schemas; the schema (other) is all the rest; read once an hour (information_schema.INNODB_SYS_TABLESPACES).",
		"information_schema.INNODB_SYS_TABLESPACES", "Tens of thousands: recovery, backups and galera_open_tables_limit feel it.")
)

// galeraSchema lists them, in the order of the documentation.
var galeraSchema = []*Family{GaleraSchemaHazardTables, GaleraSchemaSizeBytes, GaleraSchemaTables}
