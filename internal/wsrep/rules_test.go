package wsrep_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/wsrep"
)

const (
	uuid1 = "09dffdba-e6f1-11f1-b090-f72bc581e2cb"
	uuid2 = "1a2bfdba-e6f1-11f1-b090-f72bc581e2cb"
)

func known(n int64) wsrep.Int { return wsrep.Int{Value: n, Known: true} }

func TestInt(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       wsrep.Int
	}{
		{"a number", "7", known(7)},
		{"zero is zero", "0", known(0)},
		{"-1 printed unsigned is undefined", "18446744073709551615", wsrep.Int{}},
		{"-1 is undefined", "-1", wsrep.Int{}},
		{"empty is absent", "", wsrep.Int{}},
		{"words are absent", "many", wsrep.Int{}},
		{"a fraction is absent", "0.5", wsrep.Int{}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, wsrep.ParseInt(c.text)) })
	}
}

func TestBool(t *testing.T) {
	for text, want := range map[string]cluster.Truth{
		"ON": cluster.Yes, "On": cluster.Yes, "true": cluster.Yes, "TRUE": cluster.Yes, "yes": cluster.Yes, "1": cluster.Yes,
		"OFF": cluster.No, "off": cluster.No, "false": cluster.No, "no": cluster.No, "0": cluster.No,
		"": cluster.Unknown, "maybe": cluster.Unknown,
	} {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) { same(t, want, wsrep.ParseBool(text)) })
	}
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		name string
		vars map[string]string
		want wsrep.Status
	}{
		{
			name: "an unknown variable of a later version breaks nothing",
			vars: map[string]string{"wsrep_flux_capacitor": "1.21 GW", "wsrep_ready": "ON"},
			want: wsrep.Status{Ready: cluster.Yes},
		},
		{
			name: "no provider: only what the server itself knows",
			vars: map[string]string{
				"wsrep_cluster_status": "Disconnected", "wsrep_cluster_size": "0", "wsrep_connected": "OFF", "wsrep_ready": "ON",
				"wsrep_cluster_conf_id": "18446744073709551615", "wsrep_local_index": "18446744073709551615",
			},
			want: wsrep.Status{
				ClusterStatus: "disconnected", ClusterSize: known(0), Connected: cluster.No, Ready: cluster.Yes,
			},
		},
		{
			name: "non-primary, in either spelling",
			vars: map[string]string{"wsrep_cluster_status": "non-Primary", "wsrep_cluster_conf_id": "18446744073709551615", "wsrep_ready": "OFF"},
			want: wsrep.Status{ClusterStatus: "non_primary", Ready: cluster.No},
		},
		{
			name: "Non-primary",
			vars: map[string]string{"wsrep_cluster_status": "Non-primary"},
			want: wsrep.Status{ClusterStatus: "non_primary"},
		},
		{
			name: "an inconsistent node",
			vars: map[string]string{"wsrep_local_state": "5", "wsrep_local_state_comment": "Inconsistent"},
			want: wsrep.Status{StateCode: known(5), State: "error", Comment: "Inconsistent"},
		},
		{
			name: "a state number nobody knows has no name",
			vars: map[string]string{"wsrep_local_state": "17"},
			want: wsrep.Status{StateCode: known(17)},
		},
		{
			name: "PXC names flow control differently, and has a variable with blanks in its name",
			vars: map[string]string{
				"wsrep_flow_control_status": "ON", "wsrep_flow_control_interval_low": "141", "wsrep_flow_control_interval_high": "141",
				"wsrep_monitor_status (l/a/c)": "[ (12, 10), (8, 8), (7, 6) ]",
			},
			want: wsrep.Status{
				FlowControlActive: cluster.Yes, LimitLower: known(141), LimitUpper: known(141),
				Monitors: wsrep.Monitors{Known: true, Local: 2, Commit: 1},
			},
		},
		{
			name: "PXC receives an IST; its text is not read",
			vars: map[string]string{
				"wsrep_ist_receive_status":      "50% complete, received seqno 15 of 10-20",
				"wsrep_ist_receive_seqno_start": "10", "wsrep_ist_receive_seqno_current": "15", "wsrep_ist_receive_seqno_end": "20",
			},
			want: wsrep.Status{IST: wsrep.IST{Known: true, Start: 10, Current: 15, End: 20}},
		},
		{
			name: "PXC receives nothing",
			vars: map[string]string{
				"wsrep_ist_receive_status": "", "wsrep_ist_receive_seqno_start": "0",
				"wsrep_ist_receive_seqno_current": "0", "wsrep_ist_receive_seqno_end": "0",
			},
		},
		{
			name: "an undefined history is no history",
			vars: map[string]string{"wsrep_cluster_state_uuid": "00000000-0000-0000-0000-000000000000", "wsrep_local_state_uuid": uuid1},
			want: wsrep.Status{LocalUUID: uuid1},
		},
		{
			name: "two peers answer late, none is evicted",
			vars: map[string]string{
				"wsrep_evs_delayed":    uuid1 + ":tcp://10.0.0.1:4567:3," + uuid2 + ":ssl://[fe80::1]:4567:1",
				"wsrep_evs_evict_list": "",
			},
			want: wsrep.Status{DelayedPeers: known(2), EvictedPeers: known(0)},
		},
		{
			name: "a peer was evicted",
			vars: map[string]string{"wsrep_evs_evict_list": uuid1},
			want: wsrep.Status{EvictedPeers: known(1)},
		},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, wsrep.ParseStatus(c.vars)) })
	}
}

func TestMembers(t *testing.T) {
	for _, c := range []struct {
		name, text string
		size       int64
		want       wsrep.Members
	}{
		{"three data nodes", "10.0.0.1:3306,10.0.0.2:3306,10.0.0.3:3306", 3, wsrep.Members{Known: true, Addresses: []string{"10.0.0.1:3306", "10.0.0.2:3306", "10.0.0.3:3306"}}},
		{"two and an arbitrator at the end", "a:3306,b:3306,", 3, wsrep.Members{Known: true, Addresses: []string{"a:3306", "b:3306"}, Arbitrators: 1}},
		{"an arbitrator first", ",a:3306,b:3306", 3, wsrep.Members{Known: true, Addresses: []string{"a:3306", "b:3306"}, Arbitrators: 1}},
		{"an arbitrator alone", "", 1, wsrep.Members{Known: true, Arbitrators: 1}},
		{"nobody", "", 0, wsrep.Members{Known: true}},
		{"IPv6 counts once", "[fe80::1]:3306,[fe80::2]:3306", 2, wsrep.Members{Known: true, Addresses: []string{"[fe80::1]:3306", "[fe80::2]:3306"}}},
		{"no address known is still a data node", "unspecified,a:0", 2, wsrep.Members{Known: true, Addresses: []string{"unspecified", "a:0"}}},
		{"a list that does not fit the size was read in the middle of a change", "a:3306,b:3306", 3, wsrep.Members{}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, wsrep.ParseMembers(c.text, c.size)) })
	}
}

func TestLatency(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       wsrep.Latency
	}{
		{"scientific notation", "6.51e-07/3.0004e-06/8.142e-06/2.23822e-06/10", wsrep.Latency{Known: true, Min: 6.51e-07, Mean: 3.0004e-06, Max: 8.142e-06, Stddev: 2.23822e-06, Samples: 10}},
		{"no samples", "0/0/0/0/0", wsrep.Latency{Known: true}},
		{"four fields", "1/2/3/4", wsrep.Latency{}},
		{"six fields", "1/2/3/4/5/6", wsrep.Latency{}},
		{"not a number", "nan/0/0/0/1", wsrep.Latency{}},
		{"endless", "1/inf/0/0/1", wsrep.Latency{}},
		{"empty", "", wsrep.Latency{}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, wsrep.ParseLatency(c.text)) })
	}
}

func TestDelayed(t *testing.T) {
	same(t, []wsrep.Delayed{
		{UUID: uuid1, Address: "tcp://10.0.0.1:4567", Count: 3},
		{UUID: uuid2, Address: "ssl://[fe80::1]:4567", Count: 12},
	}, wsrep.ParseDelayed(uuid1+":tcp://10.0.0.1:4567:3,"+uuid2+":ssl://[fe80::1]:4567:12,rubbish"))
}

func TestMonitors(t *testing.T) {
	for _, text := range []string{"", "[ ]", "[ (1,1), (1,1) ]", "[ (1,2), (1,1), (1,1) ]", "[ (x,1), (1,1), (1,1) ]"} {
		t.Run("refuses "+text, func(t *testing.T) { same(t, wsrep.Monitors{}, wsrep.ParseMonitors(text)) })
	}
}

func TestOptions(t *testing.T) {
	o := wsrep.ParseProviderOptions("gcache.size = 128m; socket.ssl_cipher = A=B C; gcs.fc_factor = 0.8; gcomm.thread_prio = ; " +
		"pc.weight = 1; pc.weight = 3; evs.suspect_timeout = PT0.5S; socket.ssl_key = /etc/key.pem; gcs.fc_single_primary = no; ")
	text := func(name string) string { v, _ := o.Text(name); return v }
	same(t, "A=B C", text("socket.ssl_cipher"))
	same(t, "", text("gcomm.thread_prio"))
	same(t, known(3), o.Int("pc.weight"))
	same(t, known(128<<20), o.Size("gcache.size"))
	same(t, wsrep.Int{}, o.Size("gcache.mem_size"))
	same(t, cluster.No, o.Bool("gcs.fc_single_primary"))
	d, ok := o.Duration("evs.suspect_timeout")
	same(t, true, ok)
	same(t, 500*time.Millisecond, d)
	for _, printed := range []string{o.String(), fmt.Sprintf("%v", o), fmt.Sprintf("%+v", o), fmt.Sprintf("%#v", o)} {
		same(t, "evs_suspect_timeout=PT0.5S; gcache_size=128m; gcomm_thread_prio=; gcs_fc_factor=0.8; "+
			"gcs_fc_single_primary=no; pc_weight=3; socket_ssl_cipher=A=B C", printed)
	}
}

func TestOptionsOfProviderPlugin(t *testing.T) {
	o := wsrep.OptionsOf(map[string]string{
		"wsrep_provider_options": "gcache.size = 1G; pc.weight = 1", "wsrep_provider_gcache_size": "134217728", "wsrep_provider": "/x.so",
	})
	same(t, known(134217728), o.Size("gcache.size"))
	same(t, known(1), o.Int("pc.weight"))
}

func TestSize(t *testing.T) {
	for text, want := range map[string]wsrep.Int{
		"128m": known(128 << 20), "128M": known(128 << 20), "1T": known(1 << 40), "2g": known(2 << 30), "3k": known(3072),
		"134217728": known(134217728), "0": known(0), "": {}, "M": {}, "1.5G": {}, "9999999T": {}, "-1M": {},
	} {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) { same(t, want, wsrep.ParseSize(text)) })
	}
}

func TestPeriod(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT0.5S": 500 * time.Millisecond, "PT1M": time.Minute, "PT24H": 24 * time.Hour, "P30D": 30 * 24 * time.Hour,
		"P1DT2H3M4.5S": 26*time.Hour + 3*time.Minute + 4500*time.Millisecond,
		"":             -1, "P": -1, "PT": -1, "P1DT": -1, "PT5": -1, "5S": -1, "P1M": -1, "PT1S1M": -1, "PT1.2.3S": -1, "P99999999999D": -1,
	} {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			got, ok := wsrep.ParsePeriod(text)
			if !ok {
				got = -1
			}
			same(t, want, got)
		})
	}
}

func TestFlowControlLimits(t *testing.T) {
	for _, c := range []struct {
		name, options string
		size          wsrep.Int
		lower, upper  wsrep.Int
	}{
		{"grows with the square root of the members", "gcs.fc_limit = 16; gcs.fc_factor = 1.0", known(3), known(28), known(28)},
		{"not with a single writer", "gcs.fc_limit = 16; gcs.fc_single_primary = yes", known(3), known(16), known(16)},
		{"nor under its old name", "gcs.fc_limit = 16; gcs.fc_master_slave = YES", known(3), known(16), known(16)},
		{"lets go at a factor of it", "gcs.fc_limit = 100; gcs.fc_factor = 0.5", known(1), known(50), known(100)},
		{"unknown without the limit", "gcs.fc_factor = 0.5", known(3), wsrep.Int{}, wsrep.Int{}},
		{"unknown while detached", "gcs.fc_limit = 16", known(0), wsrep.Int{}, wsrep.Int{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			lower, upper := wsrep.FlowControlLimits(wsrep.ParseProviderOptions(c.options), c.size)
			same(t, []wsrep.Int{c.lower, c.upper}, []wsrep.Int{lower, upper})
		})
	}
}

func same[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
