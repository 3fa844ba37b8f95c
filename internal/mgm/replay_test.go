package mgm_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
)

// TestTranscripts reads what a real server once answered, without one.
func TestTranscripts(t *testing.T) {
	for _, c := range []struct {
		file string
		call func(*mgm.Client) (any, error)
		want string
	}{
		{"opening", func(c *mgm.Client) (any, error) { return c.Version(t.Context()) }, "{9.7.2 9.7.2 mysql-9.7.2 ndb-9.7.2}"},
		{"status-data", func(c *mgm.Client) (any, error) {
			nodes, err := c.Status(t.Context())
			var words []string
			for _, n := range nodes {
				words = append(words, fmt.Sprint(n.ID, " ", n.Type, " ", n.State, " in ", n.NodeGroup, " single user ", n.SingleUser))
			}
			return words, err
		}, "[11 NDB STARTED in 0 single user no 12 NDB STARTED in 0 single user no 1 MGM CONNECTED in unknown single user no]"},
		{"status-single-user", func(c *mgm.Client) (any, error) {
			nodes, err := c.Status(t.Context())
			var words []string
			for _, n := range nodes {
				words = append(words, fmt.Sprint(n.ID, " ", n.State, " single user ", n.SingleUser))
			}
			return words[:3], err
		}, "[11 SINGLE USER MODE single user no 12 SINGLE USER MODE single user no 51 CONNECTED single user yes]"},
		{"show-config", func(c *mgm.Client) (any, error) { return c.ShowConfig(t.Context(), mgm.ConfigQuery{}) }, "[{ndbd(DB) [{DataMemory 67108864}]}]"},
		{"log-levels", func(c *mgm.Client) (any, error) { return c.LogLevels(t.Context()) }, "[{startup 7} {shutdown 7} {statistics 7} {checkpoint 7} {noderestart 7} {connection 8} {info 7} {warning 7} {error 15} {congestion 7} {debug 7} {backup 15} {schema 7}]"},
		{"log-severities", func(c *mgm.Client) (any, error) { return c.LogSeverities(t.Context()) }, "map[alert:true critical:true debug:false enabled:true error:true info:true warning:true]"},
		{"set-log-severity", func(c *mgm.Client) (any, error) { return nil, c.SetLogSeverity(t.Context(), mgm.SeverityDebug, true) }, "<nil>"},
		{"unset-log-severity", func(c *mgm.Client) (any, error) { return nil, c.SetLogSeverity(t.Context(), mgm.SeverityDebug, false) }, "<nil>"},
		{"set-log", func(c *mgm.Client) (any, error) { return nil, c.SetLog(t.Context(), true) }, "<nil>"},
		{"set-report-level", func(c *mgm.Client) (any, error) {
			return nil, c.SetReportLevel(t.Context(), mgm.CategoryStatistics, 7)
		}, "<nil>"},
		{"reload-config", func(c *mgm.Client) (any, error) { return nil, c.ReloadConfig(t.Context()) }, "<nil>"},
		{"session-id", func(c *mgm.Client) (any, error) { return c.SessionID(t.Context()) }, "1"},
		{"session", func(c *mgm.Client) (any, error) {
			s, there, err := c.Session(t.Context(), 1)
			return fmt.Sprint(s, there), err
		}, "{1 false} true"},
		{"no-session", func(c *mgm.Client) (any, error) {
			s, there, err := c.Session(t.Context(), 1)
			return fmt.Sprint(s, there), err
		}, "{0 false} false"},
		{"certificates", func(c *mgm.Client) (any, error) { return c.Certificates(t.Context()) }, "[]"},
		{"tls-stats", func(c *mgm.Client) (any, error) { return c.TLSStats(t.Context()) }, "{1 1 1 1 1}"},
		{"memory", func(c *mgm.Client) (any, error) {
			events, err := c.DumpEvents(t.Context(), mgm.MemoryUsage)
			var blocks []uint64
			for _, e := range events {
				block, _ := e.Value("block")
				blocks = append(blocks, block)
			}
			return blocks, err
		}, "[249 248]"},
		{"start-all", func(c *mgm.Client) (any, error) { return c.StartAllNodes(t.Context()) }, "2"},
		{"refused-stop", func(c *mgm.Client) (any, error) { return code(c.StopNode(t.Context(), 99)) }, "5002 true"},
		{"refused-restart", func(c *mgm.Client) (any, error) { return code(c.RestartNode(t.Context(), 99)) }, "5002 true"},
		{"refused-single-user", func(c *mgm.Client) (any, error) { return code(c.EnterSingleUser(t.Context(), 11)) }, "5062 true"},
		{"refused-group", func(c *mgm.Client) (any, error) { return code(second(c.CreateNodeGroup(t.Context(), 11, 12))) }, "322 true"},
		{"refused-drop", func(c *mgm.Client) (any, error) { return code(c.DropNodeGroup(t.Context(), 7)) }, "0 false"},
		{"abort-backup", func(c *mgm.Client) (any, error) { return nil, c.AbortBackup(t.Context(), 3) }, "<nil>"},
	} {
		t.Run(c.file, func(t *testing.T) {
			server := mgmtest.Listen(t, replay(t, filepath.Join("testdata", "transcripts", c.file+".txt")))
			got, err := c.call(client(t, server.Address()))
			if err != nil || fmt.Sprint(got) != c.want {
				t.Errorf("got %v, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func code(err error) (any, error) {
	n, ok := mgm.CodeOf(err)
	return fmt.Sprint(n, " ", ok), nil
}
