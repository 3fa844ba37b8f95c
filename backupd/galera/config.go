package galera

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// streamConfig holds the settings of the server as JSON: what its files cannot be read without,
// and what a human who rebuilds it wants to know.
const streamConfig = "server.json"

// config is variables of a server by name. None of them can hold a secret.
type config map[string]string

var configNames = []string{
	"version", "lower_case_table_names", "innodb_page_size", "innodb_data_file_path", "innodb_undo_tablespaces", "innodb_checksum_algorithm",
	"innodb_file_per_table", "innodb_buffer_pool_size", "innodb_log_file_size", "innodb_flush_log_at_trx_commit", "sql_mode", "time_zone",
	"system_time_zone", "character_set_server", "collation_server", "default_storage_engine", "server_id", "log_bin", "log_slave_updates",
	"binlog_format", "sync_binlog", "gtid_domain_id", "wsrep_gtid_mode", "wsrep_cluster_name", "wsrep_slave_threads", "max_connections",
	"event_scheduler", "explicit_defaults_for_timestamp", "encrypt_binlog", "innodb_encrypt_tables",
}

func readConfig(ctx context.Context, sql *sqlconn.Session) (config, error) {
	rows, err := sql.Texts(ctx, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('"+strings.Join(configNames, "','")+"')")
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	c := config{}
	for _, r := range rows {
		c[r[0]] = r[1]
	}
	return c, nil
}

func keepConfig(ctx context.Context, sink backupd.Sink, c config) error {
	return toStream(ctx, sink, streamConfig, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(c)
	})
}

// loadConfig reads the settings that a backup holds.
func loadConfig(ctx context.Context, l backupd.Link) (config, error) {
	if l.Manifest.Origin.Config == "" {
		return config{}, nil
	}
	in, err := l.Source.Open(ctx, streamConfig)
	if err != nil {
		return nil, err
	}
	var c config
	err = json.NewDecoder(io.LimitReader(in, 1<<20)).Decode(&c)
	if err := errors.Join(err, in.Close()); err != nil {
		return nil, fmt.Errorf("read the settings in %s: %w", l.Manifest.ID, err)
	}
	return c, nil
}

// needed are the settings without which a server does not understand the files, and what each
// may look like: they come out of a backup, and go to a command line.
var needed = map[string]*regexp.Regexp{
	"lower_case_table_names":  regexp.MustCompile(`^[012]$`),
	"innodb_page_size":        regexp.MustCompile(`^[0-9]{4,5}$`),
	"innodb_data_file_path":   regexp.MustCompile(`^[A-Za-z0-9_.:;]{1,200}$`),
	"innodb_undo_tablespaces": regexp.MustCompile(`^[0-9]{1,3}$`),
}

// options returns what a scratch server is started with.
func (c config) options() ([]string, error) {
	var all []string
	for name, shape := range needed {
		value, found := c[name]
		if !found {
			continue
		}
		if !shape.MatchString(value) {
			return nil, fmt.Errorf("the backup's server had %s %+.60q, which cannot be", name, value)
		}
		all = append(all, "--"+strings.ReplaceAll(name, "_", "-")+"="+value)
	}
	slices.Sort(all)
	return all, nil
}
