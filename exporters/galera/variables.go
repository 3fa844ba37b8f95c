package galera

import (
	"context"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// variables is the collector of SHOW GLOBAL VARIABLES.
type variables struct{ look *look }

// Name returns "variables".
func (variables) Name() string { return "variables" }

// Collect emits who the node is and what its settings make of it.
func (c variables) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	s, err := c.look.readStatus(ctx)
	if err != nil {
		return err
	}
	vars, err := c.look.readVariables(ctx)
	if err != nil {
		return err
	}
	e, options := emitter(emit), wsrep.OptionsOf(vars)
	e.truth(metric.GaleraWsrepOn, wsrep.ParseBool(vars["wsrep_on"]))
	e.info(metric.GaleraNodeInfo, vars["wsrep_node_name"], vars["wsrep_node_address"], s.ProviderVersion, vars["version"], flavor(vars))
	if s.ClusterUUID != "" {
		e.info(metric.GaleraClusterInfo, vars["wsrep_cluster_name"], s.ClusterUUID)
	}
	emitSettings(e, vars)
	c.look.emitOptions(e, s.Status, options)
	emitUnsafe(e, vars, options)
	return nil
}

// flavor tells the server's make.
func flavor(vars map[string]string) string {
	if strings.Contains(strings.ToLower(vars["version"]+vars["version_comment"]), "mariadb") {
		return "mariadb"
	}
	if _, ok := vars["pxc_strict_mode"]; ok {
		return "pxc"
	}
	return "mysql"
}
