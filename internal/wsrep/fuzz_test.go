package wsrep_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// FuzzStatus feeds every status variable the same text.
func FuzzStatus(f *testing.F) {
	for _, seed := range []string{"", "4", "18446744073709551615", "ON", "Primary", uuid1, "a:1,,b:2", "1/2/3/4/5", uuid1 + ":tcp://h:1:2", "[ (2,1), (2,1), (2,1) ]"} {
		f.Add(seed, int64(3))
	}
	names := []string{
		"cluster_status", "local_state", "evs_state", "ready", "cluster_state_uuid", "cluster_conf_id", "incoming_addresses",
		"evs_repl_latency", "monitor_status (l/a/c)", "evs_delayed", "evs_evict_list", "flow_control_paused_ns", "cluster_size",
	}
	f.Fuzz(func(t *testing.T, text string, size int64) {
		vars := map[string]string{}
		for _, name := range names {
			vars["wsrep_"+name] = text
		}
		s := wsrep.ParseStatus(vars)
		if s.ConfID.Known && s.ConfID.Value < 0 || s.PausedNanoseconds.Value < 0 {
			t.Errorf("negative: %+v", s)
		}
		if m := wsrep.ParseMembers(text, size); m.Known && size > 0 && int64(len(m.Addresses)+m.Arbitrators) != size {
			t.Errorf("%d members of %d", len(m.Addresses)+m.Arbitrators, size)
		}
		if m := wsrep.ParseMonitors(text); m.Local < 0 || m.Apply < 0 || m.Commit < 0 {
			t.Errorf("negative: %+v", m)
		}
		if l := wsrep.ParseLatency(text); l.Min < 0 || l.Samples < 0 {
			t.Errorf("negative: %+v", l)
		}
	})
}

func FuzzOptions(f *testing.F) {
	for _, seed := range []string{"", "a = b; ", "gcs.fc_limit = 16; gcs.fc_factor = 0.5", "pc.weight=", "socket.ssl_key = /k; x = y = z", "gcache.size = 128m", "evs.suspect_timeout = PT0.5S"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o := wsrep.ParseProviderOptions(text)
		lower, upper := wsrep.FlowControlLimits(o, known(3))
		if lower.Value > upper.Value {
			t.Errorf("lower %d is above upper %d", lower.Value, upper.Value)
		}
		if strings.Contains(o.String(), "ssl_key=") {
			t.Errorf("shows a key: %s", o)
		}
		if n := wsrep.ParseSize(text); n.Value < 0 {
			t.Errorf("negative size %d", n.Value)
		}
		if d, ok := wsrep.ParsePeriod(text); ok && d < 0 {
			t.Errorf("negative period %s", d)
		}
	})
}

func FuzzStateFiles(f *testing.F) {
	f.Add("# GALERA saved state\nversion: 2.1\nuuid:    " + uuid1 + "\nseqno:   -1\nsafe_to_bootstrap: 0\n")
	f.Add("my_uuid: " + uuid1 + "\n#vwbeg\nview_id: 3 " + uuid1 + " 1\nbootstrap: 0\nmember: " + uuid1 + " 0\n#vwend\n")
	f.Add("seqno: 12")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := wsrep.ParseGrastate(strings.NewReader(text))
		if err != nil {
			if p != (cluster.SavedPosition{}) {
				t.Error("an error and a position")
			}
		} else {
			again := fmt.Sprintf("version: 2.1\nuuid: %s\nseqno: %d\nsafe_to_bootstrap: %d\n", p.UUID, p.Seqno, map[bool]int{true: 1}[p.SafeToBootstrap])
			if q, err := wsrep.ParseGrastate(strings.NewReader(again)); err != nil || q != p {
				t.Errorf("%+v reads back as %+v, %v", p, q, err)
			}
		}
		if v, err := wsrep.ParseGvwstate(strings.NewReader(text)); err == nil && (v.MyUUID == "" || len(v.Members) == 0) {
			t.Errorf("half a view: %+v", v)
		}
	})
}
