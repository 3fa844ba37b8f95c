package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"

	"github.com/kagu-db/kagu/internal/background"
	"github.com/kagu-db/kagu/internal/cluster"
)

// What Debian calls the programs.
const (
	prometheus   = "/usr/bin/prometheus"
	alertmanager = "/usr/bin/prometheus-alertmanager"
)

// startService starts one service and waits until it answers.
func (l *Lab) startService(ctx context.Context, s Service) error {
	switch s {
	case SSH:
		return l.startSSH(ctx)
	case HAProxy:
		return l.startHAProxy(ctx)
	}
	var err error
	switch {
	case s == Prometheus && l.Kind == cluster.KindNDB:
		err = l.writeNDBScrape()
	case s == Alertmanager: // the first of those whose configuration is generated
		err = l.generate(ctx)
	}
	if err != nil {
		return err
	}
	return l.startWeb(ctx, s)
}

// command is the command line of a service with a web page, and the path that says it is ready.
func (l *Lab) command(s Service) (argv []string, ready string) {
	bin := func(name string) string { return filepath.Join(l.Bin, name) }
	listen := "--web.listen-address=" + l.Addresses[s]
	switch s {
	case Slack:
		return []string{bin("kagu"), "lab", "slack", "--file=" + l.SlackFile(), listen}, "/-/ready"
	case Exporter:
		return []string{bin("galera_exporter"), "--config.file=" + l.Config(), listen}, "/-/ready"
	case NDBExporter:
		return []string{bin("ndb_exporter"), "--config.file=" + l.Config(), listen}, "/-/ready"
	case Remediator:
		return []string{
			bin("remediator"), "--config.file=" + l.Config(), listen,
			"--storage.path=" + l.file("remediator"), "--kill-switch.file=" + l.file("STOP"),
		}, "/-/ready"
	case Backupd:
		return []string{bin("backupd"), "--config.file=" + l.Config(), listen, "--storage.path=" + l.file("backupd")}, "/-/ready"
	case Alertmanager:
		return []string{
			alertmanager, "--config.file=" + l.file("generated", "alertmanager.yml"), listen,
			"--storage.path=" + l.file("alertmanager"), "--cluster.listen-address=", "--web.external-url=" + l.URL(s),
		}, "/-/ready"
	default:
		return []string{
			prometheus, "--config.file=" + l.file("generated", "prometheus.yml"), listen,
			"--storage.tsdb.path=" + l.file("prometheus"), "--storage.tsdb.retention.time=1d", "--web.external-url=" + l.URL(s),
		}, "/-/ready"
	}
}

func (l *Lab) logOf(s Service) string { return l.file(string(s) + ".log") }

func (l *Lab) startWeb(ctx context.Context, s Service) error {
	argv, ready := l.command(s)
	p, err := l.spawn(string(s), l.logOf(s), argv...)
	if err != nil {
		return err
	}
	if s == Backupd { // as its unit has it
		background.Yield(p.PID)
	}
	return await(ctx, p, l.logOf(s), func(ctx context.Context) error { return get(ctx, l.URL(s)+ready) })
}

// Restart starts a service with a web page again, for a test that killed it.
func (l *Lab) Restart(ctx context.Context, s Service) error {
	if !l.Has(s) || s == SSH {
		return fmt.Errorf("the lab has no service %s that can be started by itself", s)
	}
	if s == HAProxy {
		return l.startHAProxy(ctx)
	}
	return l.startWeb(ctx, s)
}

// generate writes the configuration of Prometheus and Alertmanager as a user would.
func (l *Lab) generate(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, filepath.Join(l.Bin, "kagu"), "generate",
		"--config.file="+l.Config(), "--out="+l.file("generated"), "--profile="+l.Rules,
		"--galera-exporter="+l.Addresses[Exporter], "--alertmanager="+l.Addresses[Alertmanager],
		"--remediator="+l.Addresses[Remediator], "--slack-webhook-file="+l.webhookFile())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kagu generate: %w: %s", err, out)
	}
	return nil
}

// get asks for a page and wants 200.
func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
	if answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return errors.Join(err, answer.Body.Close())
}
