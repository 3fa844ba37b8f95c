package host

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// unit is what systemd says of a service.
type unit struct {
	Load    string // loaded, not-found, masked, …
	Active  string // active, inactive, failed, activating, …
	Sub     string // running, dead, auto-restart, …
	Result  string // success, signal, exit-code, …
	Freezer string // running, frozen, …
	MainPID int
	Stopped time.Time // when it last became inactive since boot; zero if it did not
}

// String returns ActiveState/SubState/Result.
func (u unit) String() string { return u.Active + "/" + u.Sub + "/" + u.Result }

// moving reports that systemd is starting or stopping the unit at this moment, perhaps in a
// helper that is no server. Waiting to restart it is not moving: there is no process then.
func (u unit) moving() bool {
	switch u.Active {
	case "activating":
		return u.Sub != "auto-restart"
	case "deactivating", "reloading", "refreshing", "maintenance":
		return true
	}
	return false
}

// units is what is needed of a service manager.
type units interface {
	Show(ctx context.Context, name string) (unit, error)
	// Environment returns what systemd gives to all services, as NAME=value.
	Environment(ctx context.Context) ([]string, error)
	// Start and Stop queue a job and return within wait, even if the job is not done.
	Start(ctx context.Context, name string, wait time.Duration) error
	Stop(ctx context.Context, name string) error
	Close()
}

var unitShape = regexp.MustCompile(`^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]*\.service$`)

// openUnits reaches systemd over D-Bus, else through systemctl.
func openUnits(ctx context.Context) (units, error) {
	u, err := openBus(ctx)
	if err == nil {
		return u, nil
	}
	path, missing := exec.LookPath("systemctl")
	if missing != nil {
		return nil, fmt.Errorf("systemd does not answer (%w) and there is no systemctl", err)
	}
	return systemctl{path: path}, nil
}

// systemctl does the same by running systemctl; no shell.
type systemctl struct{ path string }

func (s systemctl) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.path, args...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "SYSTEMD_PAGER=", "TZ=UTC"}
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("systemctl %s: %s", args[0], clean(strings.TrimSpace(string(failed.Stderr)), 200))
	}
	return string(out), err
}

func (s systemctl) Show(ctx context.Context, name string) (unit, error) {
	out, err := s.run(ctx, "show", "--property=LoadState,ActiveState,SubState,Result,FreezerState,MainPID,InactiveEnterTimestamp", "--", name)
	if err != nil {
		return unit{}, err
	}
	return parseShow(out)
}

// parseShow reads the lines NAME=value of systemctl show.
func parseShow(text string) (unit, error) {
	var u unit
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "LoadState":
			u.Load = value
		case "ActiveState":
			u.Active = value
		case "SubState":
			u.Sub = value
		case "Result":
			u.Result = value
		case "FreezerState":
			u.Freezer = value
		case "MainPID":
			if _, err := fmt.Sscan(value, &u.MainPID); err != nil {
				return unit{}, fmt.Errorf("systemctl show: MainPID is %q", clean(value, 40))
			}
		case "InactiveEnterTimestamp":
			if t, err := time.Parse("Mon 2006-01-02 15:04:05 MST", value); err == nil {
				u.Stopped = t
			}
		}
	}
	if u.Active == "" || u.Load == "" {
		return unit{}, errors.New("systemctl show did not tell the unit's state")
	}
	return u, nil
}

func (s systemctl) Environment(ctx context.Context) ([]string, error) {
	out, err := s.run(ctx, "show-environment")
	return strings.Split(out, "\n"), err
}

func (s systemctl) Start(ctx context.Context, name string, _ time.Duration) error {
	_, err := s.run(ctx, "start", "--no-block", "--job-mode=fail", "--", name)
	return err
}

func (s systemctl) Stop(ctx context.Context, name string) error {
	_, err := s.run(ctx, "stop", "--no-block", "--job-mode=fail", "--", name)
	return err
}

func (systemctl) Close() {}
