package inventory

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

// Keys of a cluster, of both kinds and of one.
var (
	sharedKeys = []string{"kind", "mode", "credential", "tls", "policy", "proxy", "backup"}
	kindKeys   = map[cluster.Kind][]string{
		cluster.KindGalera: {"nodes", "arbitrator"},
		cluster.KindNDB:    {"management", "management_tls", "data", "sql"},
	}
)

func (s *section) readClusters() []Cluster {
	if !s.has("clusters") {
		s.missing("clusters", "describe at least one cluster")
		return nil
	}
	var all []Cluster
	for _, e := range s.named("clusters") {
		path := "clusters." + shorten(e.key.Value)
		s.name(e.key, path, e.key.Value, plainName)
		known := slices.Concat(sharedKeys, kindKeys[cluster.KindGalera], kindKeys[cluster.KindNDB])
		if cs := s.section(e.key, e.value, path, known...); cs != nil {
			all = append(all, cs.readCluster(e.key.Value))
		}
	}
	return all
}

func (s *section) readCluster(name string) Cluster {
	c := Cluster{Name: name, Policy: s.readPolicy(), TLS: s.readTLS(), Proxy: s.readProxy()}
	c.Mode = cluster.Mode(s.choice("mode", string(cluster.ModeObserve),
		string(cluster.ModeObserve), string(cluster.ModePropose), string(cluster.ModeAuto)))
	c.Credential = s.credential("monitor")
	if !s.has("kind") {
		s.missing("kind", "write kind: galera or kind: ndb")
		return c
	}
	c.Kind = cluster.Kind(s.choice("kind", "", string(cluster.KindGalera), string(cluster.KindNDB)))
	s.refuseOtherKind(c.Kind)
	switch c.Kind {
	case cluster.KindGalera:
		c.Nodes = s.readNodes("nodes", cluster.RoleMember)
		c.Arbitrator = s.readArbitrator()
	case cluster.KindNDB:
		c.Management = s.readNodes("management", cluster.RoleManagement)
		c.ManagementTLS = s.readManagementTLS()
		c.Data = s.readNodes("data", cluster.RoleData)
		c.SQL = s.readNodes("sql", cluster.RoleSQL)
	}
	c.Backup = s.readBackup(c.Kind)
	s.warnCluster(c)
	return c
}

// refuseOtherKind reports keys that belong to the other kind of cluster.
func (s *section) refuseOtherKind(kind cluster.Kind) {
	if kind == "" {
		return
	}
	for other, keys := range kindKeys {
		for _, key := range keys {
			if other != kind && s.has(key) {
				s.fault(s.entries[key].key, join(s.path, key), fmt.Sprintf("belongs to kind %s, and this cluster is %s", other, kind),
					"remove it, or correct kind; the keys of this kind are "+strings.Join(kindKeys[kind], ", "))
			}
		}
	}
}

func (s *section) readPolicy() Policy {
	p := Policy{
		Cooldown: 10 * time.Minute, MaxAlertAge: 30 * time.Minute,
		VerifyFor: 10 * time.Second, VerifyTimeout: 10 * time.Minute, MinDiskFree: 0.05,
	}
	sub := s.sub("policy", "cooldown", "max_alert_age", "verify_for", "verify_timeout", "min_disk_free")
	if sub == nil {
		return p
	}
	p.Cooldown = sub.duration("cooldown", p.Cooldown, 0)
	p.MaxAlertAge = sub.duration("max_alert_age", p.MaxAlertAge, time.Second)
	p.VerifyFor = sub.duration("verify_for", p.VerifyFor, time.Millisecond)
	p.VerifyTimeout = sub.duration("verify_timeout", p.VerifyTimeout, time.Second)
	p.MinDiskFree = sub.share("min_disk_free", p.MinDiskFree)
	if p.VerifyTimeout <= p.VerifyFor {
		sub.fault(sub.where("verify_timeout"), sub.path, fmt.Sprintf("verify_timeout (%s) is not longer than verify_for (%s): no healing could ever count", p.VerifyTimeout, p.VerifyFor),
			"make verify_timeout longer than the longest state transfer of the cluster")
	}
	return p
}

func (s *section) readTLS() *TLS {
	t := &TLS{Mode: TLSPreferred}
	sub := s.sub("tls", "mode", "ca_file", "cert_file", "key_file", "server_name")
	if sub == nil {
		return t
	}
	t.Mode = TLSMode(sub.choice("mode", string(TLSPreferred), string(TLSOff), string(TLSPreferred), string(TLSVerify)))
	t.CAFile, t.CertFile, t.KeyFile = sub.localPath("ca_file"), sub.localPath("cert_file"), sub.localPath("key_file")
	if value := sub.text("server_name"); value != "" {
		t.ServerName = s.machine(sub.entries["server_name"].value, sub.path+".server_name", value)
	}
	switch {
	case sub.has("cert_file") && !sub.has("key_file"):
		sub.missing("key_file", "name the private key of cert_file")
	case sub.has("key_file") && !sub.has("cert_file"):
		sub.missing("cert_file", "name the certificate of key_file")
	}
	sub.privateKey("key_file")
	sub.publicFile("ca_file")
	sub.publicFile("cert_file")
	for _, key := range []string{"ca_file", "server_name"} {
		if t.Mode != TLSVerify && sub.has(key) {
			sub.fault(sub.entries[key].key, join(sub.path, key), fmt.Sprintf("has no effect in mode %s: the server is not checked", t.Mode),
				"write mode: verify, or remove it")
		}
	}
	return t
}

// readManagementTLS reads how management servers are spoken with: all three files, or none.
func (s *section) readManagementTLS() *ManagementTLS {
	sub := s.sub("management_tls", "mode", "ca_file", "cert_file", "key_file")
	if sub == nil {
		return nil
	}
	t := &ManagementTLS{Mode: TLSMode(sub.choice("mode", string(TLSVerify), string(TLSVerify), string(TLSPreferred)))}
	for _, key := range []string{"ca_file", "cert_file", "key_file"} {
		if !sub.has(key) {
			sub.missing(key, "name NDB-Cluster-cert as ca_file, ndb-api-cert as cert_file and ndb-api-private-key as key_file")
		}
	}
	t.CAFile, t.CertFile, t.KeyFile = sub.localPath("ca_file"), sub.localPath("cert_file"), sub.localPath("key_file")
	sub.publicFile("ca_file")
	sub.publicFile("cert_file")
	sub.privateKey("key_file")
	return t
}

func (s *section) readArbitrator() *Arbitrator {
	sub := s.sub("arbitrator", "host", "service")
	if sub == nil {
		return nil
	}
	a := &Arbitrator{Host: sub.host()}
	a.Service = sub.unit("garbd.service")
	return a
}

func (s *section) readProxy() *Proxy {
	sub := s.sub("proxy", "kind", "socket", "backend")
	if sub == nil {
		return nil
	}
	for _, key := range []string{"kind", "socket", "backend"} {
		if !sub.has(key) {
			sub.missing(key, "a proxy is kind: haproxy, the socket of its stats line, and its backend")
		}
	}
	return &Proxy{Kind: sub.choice("kind", "", "haproxy"), Socket: sub.remotePath("socket"), Backend: sub.text("backend")}
}
