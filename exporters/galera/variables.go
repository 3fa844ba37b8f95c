package galera

import (
	"context"
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// wanted are the variables read in each scrape. The pattern is for servers that have a variable
// for each provider option (MariaDB 11.4 and later with the provider plugin).
const wanted = `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'version_comment', 'wsrep_on',
 'wsrep_cluster_name', 'wsrep_node_name', 'wsrep_node_address', 'pxc_strict_mode')
 OR Variable_name LIKE 'wsrep\_provider\_%'`

// variables is the collector of SHOW GLOBAL VARIABLES.
type variables struct{ look *look }

// Name returns "variables".
func (variables) Name() string { return "variables" }

// Collect emits who the node is and what its settings make of it.
func (c variables) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	s, err := c.look.read(ctx)
	if err != nil {
		return fmt.Errorf("the status comes first: %w", err)
	}
	vars, err := c.look.db.Pairs(ctx, wanted)
	if err != nil {
		return err
	}
	e := emitter(emit)
	options := wsrep.OptionsOf(vars)
	e.truth(metric.GaleraWsrepOn, wsrep.ParseBool(vars["wsrep_on"]))
	e.info(metric.GaleraNodeInfo, vars["wsrep_node_name"], vars["wsrep_node_address"], s.ProviderVersion, vars["version"], flavor(vars))
	if s.ClusterUUID != "" {
		e.info(metric.GaleraClusterInfo, vars["wsrep_cluster_name"], s.ClusterUUID)
	}
	e.number(metric.GaleraNodeWeight, options.Int("pc.weight"))

	lower, upper := s.LimitLower, s.LimitUpper
	if !lower.Known || !upper.Known {
		lower, upper = wsrep.FlowControlLimits(options, s.ClusterSize)
	}
	e.number(metric.GaleraFlowControlQueueLimit, lower, "lower")
	e.number(metric.GaleraFlowControlQueueLimit, upper, "upper")
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
