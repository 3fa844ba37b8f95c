package host

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
)

// bus reaches systemd over D-Bus: root talks to systemd itself, without a bus daemon.
type bus struct{ conn *dbus.Conn }

func openBus(ctx context.Context) (units, error) {
	conn, err := dbus.NewSystemdConnectionContext(ctx)
	if err != nil {
		conn, err = dbus.NewSystemConnectionContext(ctx)
	}
	if err != nil {
		return nil, err
	}
	return bus{conn}, nil
}

func (b bus) Close() { b.conn.Close() }

func (b bus) Show(ctx context.Context, name string) (unit, error) {
	all, err := b.conn.GetAllPropertiesContext(ctx, name)
	if err != nil {
		return unit{}, err
	}
	text := func(key string) string { s, _ := all[key].(string); return s }
	u := unit{
		Load: text("LoadState"), Active: text("ActiveState"), Sub: text("SubState"),
		Result: text("Result"), Freezer: text("FreezerState"),
	}
	if pid, ok := all["MainPID"].(uint32); ok {
		u.MainPID = int(pid)
	}
	if us, ok := all["InactiveEnterTimestamp"].(uint64); ok && us > 0 {
		u.Stopped = time.UnixMicro(int64(us)).UTC()
	}
	if u.Active == "" {
		return unit{}, fmt.Errorf("systemd did not tell the state of %s", name)
	}
	return u, nil
}

// Environment reads the manager's property, which go-systemd returns as GVariant text:
// ["A=1", "B=2"].
func (b bus) Environment(context.Context) ([]string, error) {
	text, err := b.conn.GetManagerProperty("Environment")
	if err != nil {
		return nil, err
	}
	var vars []string
	for part := range strings.SplitSeq(strings.Trim(text, "@as []"), ", ") {
		vars = append(vars, strings.Trim(part, `"'`))
	}
	return vars, nil
}

func (b bus) Start(ctx context.Context, name string, wait time.Duration) error {
	done := make(chan string, 1)
	if _, err := b.conn.StartUnitContext(ctx, name, "fail", done); err != nil {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case result := <-done:
		if result != "done" {
			return fmt.Errorf("systemd's start job ended with %q: systemctl status %s", result, name)
		}
	case <-timer.C: // a joining node takes as long as its state transfer
	case <-ctx.Done():
	}
	return nil
}

func (b bus) Stop(ctx context.Context, name string) error {
	_, err := b.conn.StopUnitContext(ctx, name, "fail", nil)
	return err
}
