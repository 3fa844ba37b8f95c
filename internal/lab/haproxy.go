package lab

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/kagu-db/kagu/deploy/haproxy"
)

const haproxyProgram = "/usr/sbin/haproxy"

// ProxyBackend is where HAProxy has the nodes that writes may go to.
const ProxyBackend = "galera_writer"

// ProxySocket is HAProxy's admin socket.
func (l *Lab) ProxySocket() string { return l.file("haproxy.sock") }

// proxyReads stands in Addresses for where HAProxy takes reads.
const proxyReads Service = "haproxy for reads"

// healthOf stands in Addresses, and among the processes, for the exporter on a node's host that
// answers HAProxy's checks. Exporter is another one, which Prometheus asks.
func healthOf(n Node) Service { return Service("galera_exporter " + n.Name) }

// startHAProxy starts the proxy with the configuration that is shipped, and the exporters that
// answer its checks.
func (l *Lab) startHAProxy(ctx context.Context) error {
	host, _, err := net.SplitHostPort(l.Addresses[HAProxy])
	if err != nil {
		return err
	}
	if err := l.reserve(proxyReads, host, usual[HAProxy]+1); err != nil {
		return err
	}
	place := haproxy.Place{Socket: l.ProxySocket(), Write: l.Addresses[HAProxy], Read: l.Addresses[proxyReads]}
	for _, n := range l.Nodes {
		port, err := l.startHealth(ctx, n)
		if err != nil {
			return err
		}
		place.Servers = append(place.Servers, haproxy.Server{Name: n.Name, Address: n.SQLAddress(), Check: port})
	}
	config, log := l.file("haproxy.cfg"), l.file("haproxy.log")
	if err := writeFile(config, []byte("# Written by kagu lab, from deploy/haproxy/galera.cfg.\n"+place.Fill(haproxy.Galera))); err != nil {
		return err
	}
	p, err := l.spawn(string(HAProxy), log, haproxyProgram, "-db", "-f", config)
	if err != nil {
		return err
	}
	return await(ctx, p, log, func(ctx context.Context) error { return answers(ctx, l.Addresses[HAProxy]) })
}

// startHealth starts the exporter on a node's host, unless it runs, and returns its port.
func (l *Lab) startHealth(ctx context.Context, n Node) (port int, err error) {
	s := healthOf(n)
	if err := l.reserve(s, n.Address, usual[Exporter]); err != nil {
		return 0, err
	}
	_, text, err := net.SplitHostPort(l.Addresses[s])
	if err != nil {
		return 0, err
	}
	if port, err = strconv.Atoi(text); err != nil {
		return 0, err
	}
	for _, p := range l.started() {
		if p.Name == string(s) && p.Alive() {
			return port, nil
		}
	}
	p, err := l.spawn(string(s), l.logOf(s), filepath.Join(l.Bin, "galera_exporter"),
		"--config.file="+l.Config(), "--node="+ClusterName+"/"+n.Name, "--log.level=warn", "--web.listen-address="+l.Addresses[s])
	if err != nil {
		return 0, err
	}
	return port, await(ctx, p, l.logOf(s), func(ctx context.Context) error { return get(ctx, l.URL(s)+"/-/ready") })
}

// reserve gives a thing its address when it is started for the first time.
func (l *Lab) reserve(s Service, host string, wanted int) error {
	if l.Addresses[s] != "" {
		return nil
	}
	port, err := book{}.take(host, wanted)
	if err != nil {
		return fmt.Errorf("place %s: %w", s, err)
	}
	l.Addresses[s] = net.JoinHostPort(host, strconv.Itoa(port))
	return nil
}
