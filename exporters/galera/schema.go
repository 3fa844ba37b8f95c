package galera

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// How often the schemas are read, and how long that may take. The server ends our statements
// after 10 s itself.
const (
	schemaEvery    = time.Hour
	schemaDeadline = 15 * time.Second
)

// schema is the collector of tables that replicate badly. It runs apart, on a connection of
// its own.
type schema struct{ db pairer }

// hazardsQuery counts the tables to which InnoDB had to give a hidden key. It reads InnoDB's own
// dictionary, where the server would open every table for information_schema.TABLES.
const (
	hazardsQuery = `SELECT SUBSTRING_INDEX(t.NAME, '/', 1), COUNT(DISTINCT SUBSTRING_INDEX(SUBSTRING_INDEX(t.NAME, '#P#', 1), '#p#', 1))
 FROM information_schema.INNODB_SYS_INDEXES i JOIN information_schema.INNODB_SYS_TABLES t ON t.TABLE_ID = i.TABLE_ID
 WHERE i.NAME = 'GEN_CLUST_INDEX' AND t.NAME NOT LIKE 'mysql/%' AND t.NAME NOT LIKE 'sys/%' AND t.NAME NOT LIKE '%/#sql%'
 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50`
)

// hazardsQueryOfMySQL is the same where the tables were renamed.
var hazardsQueryOfMySQL = strings.NewReplacer("INNODB_SYS_", "INNODB_").Replace(hazardsQuery)

// Name returns "schema".
func (schema) Name() string { return "schema" }

// Collect emits the schemas that have such tables.
func (c schema) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	version, err := c.db.Pairs(ctx, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'version_comment')")
	if err != nil {
		return err
	}
	query := hazardsQueryOfMySQL
	if flavor(version) == "mariadb" {
		query = hazardsQuery
	}
	rows, err := c.db.Pairs(ctx, query)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		emitter(emit).number(metric.GaleraSchemaHazardTables, wsrep.ParseInt(rows[name]), "no_primary_key", name)
	}
	return nil
}
