package galera

import (
	"context"
	"errors"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// What a look asks. SHOW is answered also by a node that is alive and not operational.
const (
	healthStatus = `SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_status', 'wsrep_cluster_size',
 'wsrep_local_state', 'wsrep_local_state_comment', 'wsrep_ready', 'wsrep_connected', 'wsrep_incoming_addresses',
 'wsrep_local_recv_queue')`
	healthVariables = `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on', 'read_only', 'super_read_only', 'wsrep_desync',
 'wsrep_sst_donor_rejects_queries', 'wsrep_reject_queries', 'wsrep_sst_method', 'pxc_maint_mode')`
)

// Attach gives each target its checkup by this policy. The targets are those of the same fleet.
func (p HealthPolicy) Attach(targets []*exporters.Target, fleet *inventory.Fleet) {
	open := map[string]func() *sqlconn.DB{}
	for _, c := range fleet.Clusters {
		for _, n := range c.Nodes {
			open[c.Name+"/"+n.Name] = func() *sqlconn.DB { return sqlconn.Open(n.SQL, c.Credential, c.TLS) }
		}
	}
	for _, t := range targets {
		if opened, ok := open[t.Name]; ok {
			t.Checkup = func() exporters.Checkup {
				db := opened()
				return exporters.Checkup{
					Look:    func(ctx context.Context) exporters.Verdicts { return p.look(ctx, db) },
					Release: func() { _ = db.Close() }, // nothing is lost with a connection that only reads
				}
			}
		}
	}
}

// look asks a node and judges it. A node that does not answer is given nothing.
func (p HealthPolicy) look(ctx context.Context, db pairer) exporters.Verdicts {
	status, err := db.Pairs(ctx, healthStatus)
	if err != nil {
		return exporters.Refused(cause(err))
	}
	vars, err := db.Pairs(ctx, healthVariables)
	if err != nil {
		return exporters.Refused(cause(err))
	}
	return judge(vitalsOf(status, vars), p)
}

func vitalsOf(status, vars map[string]string) vitals {
	return vitals{
		Status:       wsrep.ParseStatus(status),
		On:           wsrep.ParseBool(vars["wsrep_on"]),
		ReadOnly:     readOnly(vars),
		Desync:       wsrep.ParseBool(vars["wsrep_desync"]),
		DonorRejects: wsrep.ParseBool(vars["wsrep_sst_donor_rejects_queries"]),
		Reject:       vars["wsrep_reject_queries"],
		SST:          vars["wsrep_sst_method"],
		Maintenance:  vars["pxc_maint_mode"],
	}
}

// readOnly joins the two variables of MySQL. Newer servers of MariaDB have grades of read_only;
// whatever is not plainly off is on.
func readOnly(vars map[string]string) cluster.Truth {
	text, ok := vars["read_only"]
	switch {
	case !ok:
		return cluster.Unknown
	case wsrep.ParseBool(text) == cluster.No && wsrep.ParseBool(vars["super_read_only"]) != cluster.Yes:
		return cluster.No
	default:
		return cluster.Yes
	}
}

// cause says in a few words why a server did not answer. The rest of an error may hold
// addresses and accounts, which are not for whoever asks for a node's health.
func cause(err error) string {
	for _, kind := range []error{
		sqlconn.ErrRefused, sqlconn.ErrUnreachable, sqlconn.ErrTimeout, sqlconn.ErrBroken,
		sqlconn.ErrDenied, sqlconn.ErrGrant, sqlconn.ErrBusy, sqlconn.ErrNotReady,
	} {
		if errors.Is(err, kind) {
			return "the server does not answer: " + kind.Error()
		}
	}
	return "the server does not answer"
}
