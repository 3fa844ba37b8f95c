package daemon_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/internal/daemon"
)

func TestFlags(t *testing.T) {
	t.Setenv("KAGU_CONFIG", "")
	for _, c := range []struct {
		name, env string
		args      []string
		config    string
		check     bool
		address   string
		own       string
		err       string // a part of it; "" none
	}{
		{name: "none", config: "/etc/kagu/kagu.yaml", address: "127.0.0.1:10099"},
		{name: "the file by environment", env: "fleet.yaml", config: "fleet.yaml", address: "127.0.0.1:10099"},
		{name: "a flag beats the environment", env: "fleet.yaml", args: []string{"--config.file=other.yaml"}, config: "other.yaml", address: "127.0.0.1:10099"},
		{
			name: "all, and the program's own", args: []string{"--config.check", "--web.listen-address=127.0.0.1:1", "--own=x"},
			config: "/etc/kagu/kagu.yaml", check: true, address: "127.0.0.1:1", own: "x",
		},
		{name: "one that nobody knows", args: []string{"--colour=red"}, err: "'--colour'; test --help shows what there is"},
		{name: "a file for TLS that is not there", args: []string{"--config.check", "--web.config.file=gone.yml"}, err: "--web.config.file=gone.yml: open gone.yml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.env != "" {
				t.Setenv("KAGU_CONFIG", c.env)
			}
			var f daemon.Flags
			var own string
			err := f.Parse("test", "A test.", "127.0.0.1:10099", c.args, func(app *kingpin.Application) { app.Flag("own", "Own.").StringVar(&own) })
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %v, want %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if f.Config != c.config || f.Check != c.check || own != c.own || (*f.Web.WebListenAddresses)[0] != c.address {
				t.Errorf("got %q %t %q %v", f.Config, f.Check, own, *f.Web.WebListenAddresses)
			}
		})
	}
}

func TestRunSaysHowItEnded(t *testing.T) {
	var got []string
	for code, err := range []error{0: nil, 1: errors.New("no kagu.yaml")} {
		serve := func(_ context.Context, args []string) error { got = args; return err }
		if said := daemon.Run("test", []string{"--flag"}, serve); said != code || len(got) != 1 {
			t.Errorf("%v: %d, with %v", err, said, got)
		}
	}
}

func TestEveryProgramTellsItsBuild(t *testing.T) {
	families, err := daemon.Registry("test_daemon").Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range families {
		seen[f.GetName()] = true
	}
	for _, name := range []string{"test_daemon_build_info", "go_goroutines", "process_start_time_seconds"} {
		if !seen[name] {
			t.Errorf("there is no %s", name)
		}
	}
}
