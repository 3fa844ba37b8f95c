package galera

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// How often the schemas are read, and how long that may take. The server ends each of our
// statements after 10 s itself.
const (
	schemaEvery    = time.Hour
	schemaDeadline = 40 * time.Second
)

// schemaLimit is the most schemas that one family tells of.
const schemaLimit = 50

// others is the schema that stands for all that are beyond the limit.
const others = "(other)"

// schema is the collector of tables that replicate badly, and of sizes. It runs apart, on a
// connection of its own. It reads InnoDB's own dictionary, where the server would open every
// table for information_schema.TABLES; that is asked only what needs no opening.
type schema struct {
	db       querier
	bigTable int64 // bytes from which on a table is big
}

const versionQuery = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'version_comment')"

// The queries. A name in InnoDB's dictionary is "schema/table", with "#P#…" for a partition; each
// part takes 320 bytes at most. LEFT says so: what may be longer than 512 the server groups in a
// file in tmpdir instead of in memory.
const (
	// keylessQuery counts the tables to which InnoDB had to give a hidden key. IN is answered by a
	// look-up for each table; a join compares each with each, which of 17,000 took over 10 s.
	keylessQuery = `SELECT LEFT(SUBSTRING_INDEX(t.NAME, '/', 1), 320),
 COUNT(DISTINCT LEFT(SUBSTRING_INDEX(SUBSTRING_INDEX(SUBSTRING_INDEX(t.NAME, '/', -1), '#P#', 1), '#p#', 1), 320))
 FROM information_schema.INNODB_SYS_TABLES t
 WHERE t.TABLE_ID IN (SELECT i.TABLE_ID FROM information_schema.INNODB_SYS_INDEXES i WHERE i.NAME = 'GEN_CLUST_INDEX') AND t.NAME NOT LIKE 'mysql/%' AND t.NAME NOT LIKE 'sys/%' AND t.NAME NOT LIKE '%/#sql%'
 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50`

	// cascadeQuery counts the big tables of which a change of another table's row changes or
	// deletes rows: bits 1 and 2 are ON DELETE CASCADE and SET NULL, 4 and 8 the same ON UPDATE.
	cascadeQuery = `SELECT LEFT(SUBSTRING_INDEX(f.FOR_NAME, '/', 1), 320), COUNT(DISTINCT LEFT(SUBSTRING_INDEX(f.FOR_NAME, '/', -1), 320))
 FROM information_schema.INNODB_SYS_FOREIGN f JOIN information_schema.INNODB_SYS_TABLESPACES s ON s.NAME = f.FOR_NAME
 WHERE f.TYPE & 15 AND s.FILE_SIZE >= %d GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50`

	// sizeQuery sums the files. The system's own tablespace has no schema in its name.
	sizeQuery = `SELECT LEFT(SUBSTRING_INDEX(NAME, '/', 1), 320), CONCAT(COUNT(*), ' ', SUM(FILE_SIZE))
 FROM information_schema.INNODB_SYS_TABLESPACES WHERE NAME LIKE '%/%' GROUP BY 1`

	// engineQuery counts the tables that Galera does not replicate. The row of a system table is
	// there if we may see the tables of others at all: the server hides them without an error.
	engineQuery = `SELECT TABLE_SCHEMA, COUNT(*) FROM information_schema.TABLES
 WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB' AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')
 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50`
	sightQuery = `SELECT 'tables', COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = 'db'`
)

// ofMySQL names the tables of InnoDB as MySQL has renamed them.
var ofMySQL = strings.NewReplacer("INNODB_SYS_", "INNODB_")

// Name returns "schema".
func (schema) Name() string { return "schema" }

// Collect emits the hazards and the sizes, by schema.
func (c schema) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	version, err := c.db.Pairs(ctx, versionQuery)
	if err != nil {
		return err
	}
	named := func(query string) string {
		if flavor(version) == "mariadb" {
			return query
		}
		return ofMySQL.Replace(query)
	}
	e := emitter(emit)
	sizes, err := c.db.Pairs(ctx, named(sizeQuery))
	if err != nil {
		return err
	}
	emitSizes(e, sizes)
	sight, err := c.db.Pairs(ctx, sightQuery)
	if err != nil {
		return err
	}
	for _, of := range []struct{ hazard, query string }{
		{"no_primary_key", named(keylessQuery)},
		{"cascade_to_big_table", named(fmt.Sprintf(cascadeQuery, c.bigTable))},
		{"not_innodb", engineQuery},
	} {
		if of.query == engineQuery && sight["tables"] == "0" {
			return fmt.Errorf("list the tables: %w: the server shows none of others", sqlconn.ErrGrant)
		}
		rows, err := c.db.Pairs(ctx, of.query)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(rows)) {
			e.number(metric.GaleraSchemaHazardTables, wsrep.ParseInt(rows[name]), of.hazard, name)
		}
	}
	return nil
}

// emitSizes emits the largest schemas, and the sum of the others.
func emitSizes(e emitter, rows map[string]string) {
	type size struct {
		name         string
		files, bytes float64
	}
	var all []size
	for name, row := range rows {
		files, bytes, _ := strings.Cut(row, " ")
		all = append(all, size{name, wsrep.ParseReal(files).Value, wsrep.ParseReal(bytes).Value})
	}
	slices.SortFunc(all, func(a, b size) int { return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.name, b.name)) })
	if len(all) > schemaLimit {
		rest := size{name: others}
		for _, s := range all[schemaLimit:] {
			rest.files, rest.bytes = rest.files+s.files, rest.bytes+s.bytes
		}
		all = append(all[:schemaLimit], rest)
	}
	for _, s := range all {
		e(metric.GaleraSchemaTables.Sample(s.files, s.name))
		e(metric.GaleraSchemaSizeBytes.Sample(s.bytes, s.name))
	}
}
