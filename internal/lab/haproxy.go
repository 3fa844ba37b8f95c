package lab

import (
	"context"
	"fmt"
	"strings"
)

const haproxy = "/usr/sbin/haproxy"

// ProxySocket is HAProxy's admin socket.
func (l *Lab) ProxySocket() string { return l.file("haproxy.sock") }

// startHAProxy starts the proxy: writes go to the first node that answers.
func (l *Lab) startHAProxy(ctx context.Context) error {
	var text strings.Builder
	fmt.Fprintf(&text, `# Written by kagu lab.
global
    stats socket %s mode 600 level admin
    stats timeout 1h
defaults
    mode tcp
    timeout connect 1s
    timeout client 1h
    timeout server 1h
    timeout check 1s
listen galera
    bind %s
    option mysql-check user %s post-41
    default-server inter 500ms fastinter 250ms rise 2 fall 2 on-marked-down shutdown-sessions
`, l.ProxySocket(), l.Addresses[HAProxy], checkUser)
	for i, n := range l.Nodes {
		role := ""
		if i > 0 {
			role = " backup"
		}
		fmt.Fprintf(&text, "    server %s %s check%s\n", n.Name, n.SQLAddress(), role)
	}
	config, log := l.file("haproxy.cfg"), l.file("haproxy.log")
	if err := writeFile(config, []byte(text.String())); err != nil {
		return err
	}
	p, err := l.spawn(string(HAProxy), log, haproxy, "-db", "-f", config)
	if err != nil {
		return err
	}
	return await(ctx, p, log, func(ctx context.Context) error { return answers(ctx, l.Addresses[HAProxy]) })
}
