package lab

import (
	"crypto/rand"
	"fmt"
	"net"
	"strconv"
)

// A book hands out addresses and remembers those given, so that no two are the same.
type book map[string]bool

// take returns the first free port at or above the wanted one. A port that a server of this
// machine holds, on this address or on all, is passed over.
func (b book) take(host string, wanted int) (int, error) {
	for port := wanted; port < wanted+500 && port < 1<<16; port++ {
		address := net.JoinHostPort(host, strconv.Itoa(port))
		if b[address] {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return 0, err
		}
		b[address] = true
		return port, nil
	}
	return 0, fmt.Errorf("no free port on %s from %d on", host, wanted)
}

// takeEverywhere is take for a port that no address of this machine may have in use.
func (b book) takeEverywhere(host string, wanted int) (int, error) {
	for ; wanted < 1<<16; wanted++ {
		l, err := net.Listen("tcp", ":"+strconv.Itoa(wanted))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return 0, err
		}
		return b.take(host, wanted)
	}
	return 0, fmt.Errorf("no free port from %d on", wanted)
}

// network returns a random 127.A.B. 127.0 is left to the machine.
func network() string {
	var b [2]byte
	rand.Read(b[:])
	return fmt.Sprintf("127.%d.%d", 1+int(b[0])%254, b[1])
}

// usual are the ports everybody knows.
var usual = map[Service]int{
	HAProxy: 3306, Slack: 10049, Exporter: 10041, NDBExporter: 10042, Remediator: 10043, Backupd: 10044, Alertmanager: 9093, Prometheus: 9090,
}

// place gives every node and service its address.
func (l *Lab) place(o Options) error {
	l.Network = o.Network
	given := book{}
	if err := l.kind().place(l, o, given); err != nil {
		return err
	}
	l.Addresses = map[Service]string{}
	for _, s := range o.Services {
		host := l.Network + ".100"
		switch {
		case s == SSH:
			l.Addresses[s] = "" // an address for each node
			continue
		case o.UsualPorts && s != HAProxy:
			host = "127.0.0.1"
		}
		port, err := given.take(host, usual[s])
		if err != nil {
			return err
		}
		l.Addresses[s] = net.JoinHostPort(host, strconv.Itoa(port))
	}
	return nil
}
