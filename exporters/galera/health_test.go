package galera

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/exporters"
)

// synced is what a node says that is well, beside two others.
var synced = map[string]string{
	"wsrep_cluster_status": "Primary", "wsrep_cluster_size": "3", "wsrep_local_state": "4",
	"wsrep_local_state_comment": "Synced", "wsrep_ready": "ON", "wsrep_connected": "ON",
	"wsrep_incoming_addresses": "10.0.0.1:3306,10.0.0.2:3306,10.0.0.3:3306", "wsrep_local_recv_queue": "0",
	"wsrep_on": "ON", "read_only": "OFF", "wsrep_desync": "OFF", "wsrep_sst_donor_rejects_queries": "OFF",
	"wsrep_reject_queries": "NONE", "wsrep_sst_method": "rsync",
}

// but is a node that is well except for these; a value of "-" takes a variable away.
func but(pairs ...string) vitals {
	said := maps.Clone(synced)
	for i := 0; i < len(pairs); i += 2 {
		said[pairs[i]] = pairs[i+1]
		if pairs[i+1] == "-" {
			delete(said, pairs[i])
		}
	}
	return vitalsOf(said, said)
}

// line writes verdicts in one line: who gets traffic, the reason of the first no, the rest.
func line(v exporters.Verdicts) string {
	yes, why := "", ""
	for k, letter := range [...]string{exporters.Writer: "W", exporters.Reader: "R", exporters.Any: "A"} {
		if !v.Of[k].OK {
			letter = "-"
			if why == "" {
				why = v.Of[k].Reason
			}
		}
		yes += letter
	}
	if why == "" {
		why = v.Of[exporters.Writer].Reason
	}
	if v.Maintenance {
		why += " [maintenance]"
	}
	return yes + " " + why
}

// usual is the policy of galera_exporter without flags.
var usual = HealthPolicy{Donor: ForReads, Desynced: Queries, ReadOnly: ForReads, Queue: 100}

func TestJudge(t *testing.T) {
	donor := func(pairs ...string) vitals {
		return but(append([]string{"wsrep_local_state", "2", "wsrep_local_state_comment", "Donor/Desynced", "wsrep_sst_method", "mariabackup"}, pairs...)...)
	}
	with := func(change func(*HealthPolicy)) HealthPolicy {
		p := usual
		change(&p)
		return p
	}
	for _, c := range []struct {
		name   string
		vitals vitals
		policy HealthPolicy
		want   string // writer, reader, any; the reason
	}{
		{"synced", but(), usual, "WRA synced"},

		{"donor, and its method does not block", donor(), usual, "-RA donor"},
		{"donor that sends a backup of Percona's", donor("wsrep_sst_method", "xtrabackup-v2"), usual, "-RA donor"},
		{"donor, and the policy gives it nothing", donor(), with(func(p *HealthPolicy) { p.Donor = Queries }), "--A donor"},
		{"donor, and the policy gives it writes", donor(), with(func(p *HealthPolicy) { p.Donor = ForWrites }), "WRA donor"},
		{"donor, and there is only the joiner beside it", donor("wsrep_cluster_size", "2", "wsrep_incoming_addresses", "10.0.0.1:3306,10.0.0.2:3306"), usual, "WRA donor, and nobody else is there"},
		{"donor, a joiner and an arbitrator", donor("wsrep_incoming_addresses", "10.0.0.1:3306,10.0.0.2:3306,"), usual, "WRA donor, and nobody else is there"},
		{"donor, and who else is there is unknown", donor("wsrep_incoming_addresses", "-"), usual, "-RA donor"},
		{"donor by rsync", donor("wsrep_sst_method", "rsync"), usual, "--A donor, and rsync may block it"},
		{"donor by rsync, and only the joiner beside it", donor("wsrep_sst_method", "rsync", "wsrep_cluster_size", "2", "wsrep_incoming_addresses", "10.0.0.1:3306,10.0.0.2:3306"), usual, "--A donor, and rsync may block it"},
		{"donor by a method nobody has heard of", donor("wsrep_sst_method", "carrier_pigeon"), usual, "--A donor, and carrier_pigeon may block it"},
		{"donor by an unknown method", donor("wsrep_sst_method", "-"), usual, "--A donor, and unknown may block it"},
		{"donor that rejects queries", donor("wsrep_sst_donor_rejects_queries", "ON"), usual, "--- donor, and wsrep_sst_donor_rejects_queries is ON"},
		{"a donor's setting does not touch who is synced", but("wsrep_sst_donor_rejects_queries", "ON"), usual, "WRA synced"},

		{"desynced on purpose", donor("wsrep_desync", "ON"), usual, "--A wsrep_desync is ON"},
		{"desynced, and the policy gives it reads", donor("wsrep_desync", "ON"), with(func(p *HealthPolicy) { p.Desynced = ForReads }), "-RA wsrep_desync is ON"},
		{"desynced, and the policy gives it writes", donor("wsrep_desync", "ON"), with(func(p *HealthPolicy) { p.Desynced = ForWrites }), "WRA desynced"},

		{"joiner", but("wsrep_local_state", "1", "wsrep_local_state_comment", "Joining: receiving State Transfer", "wsrep_ready", "OFF"), usual, "--- the node is joiner (Joining: receiving State Transfer)"},
		{"joined, catching up", but("wsrep_local_state", "3", "wsrep_local_state_comment", "Joined"), usual, "--- the node is joined (Joined)"},
		{"inconsistent", but("wsrep_local_state", "5", "wsrep_local_state_comment", "Inconsistent"), usual, "--- the node is error (Inconsistent)"},
		{"just begun", but("wsrep_local_state", "0", "wsrep_local_state_comment", "Initialized"), usual, "--- the node is undefined (Initialized)"},
		{"not primary", but("wsrep_cluster_status", "non-Primary", "wsrep_ready", "OFF"), usual, "--- the component is non_primary"},
		{"disconnected", but("wsrep_cluster_status", "Disconnected", "wsrep_connected", "OFF", "wsrep_ready", "OFF"), usual, "--- the component is disconnected"},
		{"not ready", but("wsrep_ready", "OFF"), usual, "--- wsrep_ready is OFF"},
		{"not connected", but("wsrep_connected", "OFF"), usual, "--- wsrep_connected is OFF"},
		{"replication off", but("wsrep_on", "OFF"), usual, "--- wsrep_on is OFF"},

		{"read-only", but("read_only", "ON"), usual, "-RA read_only is ON"},
		{"read-only in a newer server's words", but("read_only", "NO_LOCK_NO_ADMIN"), usual, "-RA read_only is ON"},
		{"read-only for the super user too", but("super_read_only", "ON"), usual, "-RA read_only is ON"},
		{"read-only, and the policy gives it nothing", but("read_only", "ON"), with(func(p *HealthPolicy) { p.ReadOnly = Queries }), "--A read_only is ON"},
		{"a read-only donor is no writer, whoever is there", donor("read_only", "ON", "wsrep_cluster_size", "1", "wsrep_incoming_addresses", "10.0.0.1:3306"), usual, "-RA read_only is ON"},

		{"rejects queries", but("wsrep_reject_queries", "ALL"), usual, "--- wsrep_reject_queries is ALL [maintenance]"},
		{"rejects queries and kills", but("wsrep_reject_queries", "ALL_KILL"), usual, "--- wsrep_reject_queries is ALL_KILL [maintenance]"},
		{"maintenance by Percona's switch", but("pxc_maint_mode", "MAINTENANCE"), usual, "--- pxc_maint_mode is MAINTENANCE [maintenance]"},
		{"shutting down, by Percona's switch", but("pxc_maint_mode", "SHUTDOWN"), usual, "--- pxc_maint_mode is SHUTDOWN [maintenance]"},
		{"Percona's switch is off", but("pxc_maint_mode", "DISABLED"), usual, "WRA synced"},
		{"maintenance of a node that lost its component says what was done on purpose", but("wsrep_reject_queries", "ALL", "wsrep_cluster_status", "non-Primary"), usual, "--- wsrep_reject_queries is ALL [maintenance]"},

		{"nothing is known", vitalsOf(nil, nil), usual, "--- wsrep_on is unknown"},
		{"the component is unknown", but("wsrep_cluster_status", "-"), usual, "--- the component is unknown"},
		{"the state is unknown", but("wsrep_local_state", "-"), usual, "--- the node is unknown"},
		{"a state of the future", but("wsrep_local_state", "6"), usual, "--- the node is unknown"},
		{"readiness is unknown", but("wsrep_ready", "-"), usual, "--- wsrep_ready is unknown"},
		{"connection is unknown", but("wsrep_connected", "-"), usual, "--- wsrep_connected is unknown"},
		{"replication is unknown", but("wsrep_on", "-"), usual, "--- wsrep_on is unknown"},
		{"whether it is read-only is unknown", but("read_only", "-"), usual, "-RA read_only is unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, line(judge(c.vitals, c.policy))); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestWeight(t *testing.T) {
	for _, c := range []struct {
		queue string
		full  int64
		want  int
	}{
		{"0", 100, 100},
		{"11", 100, 100},
		{"12", 100, 90},
		{"50", 100, 60},
		{"100", 100, 10},
		{"9223372036854775807", 100, 10},
		{"", 100, 100},   // unknown: the verdict judges, the weight only balances
		{"500", 0, 100},  // switched off
		{"-1", 100, 100}, // undefined
	} {
		t.Run(fmt.Sprintf("queue %s of %d", c.queue, c.full), func(t *testing.T) {
			p := usual
			p.Queue = c.full
			if got := judge(but("wsrep_local_recv_queue", c.queue), p).Weight; got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
