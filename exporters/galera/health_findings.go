package galera

import (
	"slices"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// nonBlocking are the methods of state transfer during which a donor goes on serving. All
// others, and those nobody here has heard of, stop its writes for some of the time.
var nonBlocking = []string{"mariabackup", "xtrabackup-v2", "xtrabackup", "clone"}

// findings are what can be wrong with a node. The order is that of the reasons: what an
// operator did on purpose first, then what explains the rest.
var findings = []finding{
	{
		is:          func(v vitals) bool { return !oneOf(v.Maintenance, "", "DISABLED") },
		reason:      func(v vitals) string { return "pxc_maint_mode is " + v.Maintenance },
		maintenance: true,
	},
	{
		is:          func(v vitals) bool { return !oneOf(v.Reject, "", "NONE") },
		reason:      func(v vitals) string { return "wsrep_reject_queries is " + v.Reject },
		maintenance: true,
	},
	{
		is:     func(v vitals) bool { return v.On != cluster.Yes },
		reason: func(v vitals) string { return isOff("wsrep_on", v.On) },
	},
	{
		is:     func(v vitals) bool { return v.ClusterStatus != "primary" },
		reason: func(v vitals) string { return "the component is " + orUnknown(v.ClusterStatus) },
	},
	{
		is: func(v vitals) bool { return !oneOf(v.State, "synced", "donor") },
		reason: func(v vitals) string {
			if v.Comment != "" && v.State != "" {
				return "the node is " + v.State + " (" + v.Comment + ")"
			}
			return "the node is " + orUnknown(v.State)
		},
	},
	{
		is:     func(v vitals) bool { return v.Ready != cluster.Yes },
		reason: func(v vitals) string { return isOff("wsrep_ready", v.Ready) },
	},
	{
		is:     func(v vitals) bool { return v.Connected != cluster.Yes },
		reason: func(v vitals) string { return isOff("wsrep_connected", v.Connected) },
	},
	{
		is:     func(v vitals) bool { return v.State == "donor" && v.DonorRejects == cluster.Yes },
		reason: func(vitals) string { return "donor, and wsrep_sst_donor_rejects_queries is ON" },
	},
	{
		is:     func(v vitals) bool { return v.State == "donor" && v.Desync == cluster.Yes },
		leaves: func(p HealthPolicy) Grade { return p.Desynced },
		reason: func(vitals) string { return "wsrep_desync is ON" },
	},
	{
		is:     func(v vitals) bool { return donates(v) && !slices.Contains(nonBlocking, strings.ToLower(v.SST)) },
		leaves: func(HealthPolicy) Grade { return Queries },
		reason: func(v vitals) string { return "donor, and " + orUnknown(v.SST) + " may block it" },
	},
	{
		is:     func(v vitals) bool { return donates(v) && !last(v) },
		leaves: func(p HealthPolicy) Grade { return p.Donor },
		reason: func(vitals) string { return "donor" },
	},
	{
		is:     func(v vitals) bool { return v.ReadOnly != cluster.No },
		leaves: func(p HealthPolicy) Grade { return p.ReadOnly },
		reason: func(v vitals) string {
			if v.ReadOnly == cluster.Unknown {
				return "read_only is unknown"
			}
			return "read_only is ON"
		},
	},
}

// donates tells whether a node that is out of step is so because of a transfer, or of FLUSH
// TABLES WITH READ LOCK, which looks the same from here and blocks as well.
func donates(v vitals) bool { return v.State == "donor" && v.Desync != cluster.Yes }

func oneOf(word string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, word) })
}

func isOff(name string, t cluster.Truth) string {
	if t == cluster.No {
		return name + " is OFF"
	}
	return name + " is unknown"
}

func orUnknown(word string) string {
	if word == "" {
		return "unknown"
	}
	return word
}
