package inventory

import (
	"fmt"
	"net"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/kagu-db/kagu/internal/cluster"
)

// The readers of one section each. The list of keys beside each is the schema.

func (r *reader) top(n *yaml.Node, fleet *Fleet) {
	s := r.section(n, n, "", "site", "credentials", "ssh", "remediator", "slack", "backup", "hosts", "clusters")
	if s == nil {
		return
	}
	fleet.Site = s.need("site", "name the site, such as site: noumea; messages carry it")
	fleet.Credentials = s.readCredentials()
	fleet.SSH = s.readSSH()
	fleet.Remediator = s.readRemediator()
	fleet.Slack = s.readSlack()
	fleet.Backup = s.readBackupd()
	fleet.Hosts = s.readHosts()
	r.credentials, r.hosts, r.stores = fleet.Credentials, fleet.Hosts, fleet.Backup.Stores
	fleet.Clusters = s.readClusters()
	r.openUnused()
}

// named returns the entries of a mapping from names to sections.
func (s *section) named(name string) []entry {
	e, found := s.entries[name]
	if !found {
		return nil
	}
	list, ok := s.entriesOf(e.key, e.value, join(s.path, name))
	if ok && len(list) == 0 {
		s.fault(e.key, join(s.path, name), "is empty", "fill it in or remove the line")
	}
	return list
}

func (s *section) readCredentials() map[string]Credential {
	all := map[string]Credential{}
	for _, e := range s.named("credentials") {
		c, path := Credential{Name: e.key.Value}, "credentials."+shorten(e.key.Value)
		s.name(e.key, path, c.Name, plainName)
		if cs := s.section(e.key, e.value, path, "user", "password_file"); cs != nil {
			c.User = cs.need("user", "give the name of the database account")
			if !cs.has("password_file") {
				cs.missing("password_file", "name the file that holds the password")
			}
			if c.PasswordFile = cs.localPath("password_file"); c.PasswordFile != "" {
				s.unopened[c.Name] = func() {
					opened := all[c.Name]
					opened.Password = cs.secretLine("password_file")
					all[c.Name] = opened
				}
			}
		}
		all[c.Name] = c // with its faults, so that a use of it is not a second fault
	}
	return all
}

// openPassword reads the password of a credential, the first time.
func (r *reader) openPassword(name string) {
	if open := r.unopened[name]; open != nil {
		delete(r.unopened, name)
		open()
	}
}

// openUnused reads the passwords that nothing has asked for, so that what is wrong with one is known
// before it is used; but not those that only a human who restores may read.
func (r *reader) openUnused() {
	for name := range r.unopened {
		if !r.forRestores[name] {
			r.openPassword(name)
		}
	}
}

func (s *section) readSSH() SSH {
	sub := s.sub("ssh", "user", "key_file", "known_hosts_file")
	if sub == nil {
		return SSH{}
	}
	sub.secrets = ofHosts
	ssh := SSH{User: sub.need("user", "give the account that kagu-node is bound to, such as kagu")}
	if !sub.has("key_file") {
		sub.missing("key_file", "name the file of the private key")
	}
	if !sub.has("known_hosts_file") {
		sub.missing("known_hosts_file", "name a file made with ssh-keyscan and checked by you; a host that is not in it is refused")
	}
	s.knownHosts = sub.where("known_hosts_file")
	ssh.KeyFile, ssh.KnownHostsFile = sub.localPath("key_file"), sub.localPath("known_hosts_file")
	sub.privateKey("key_file")
	return ssh
}

func (s *section) readRemediator() Remediator {
	const fallback = "http://127.0.0.1:10043"
	if sub := s.sub("remediator", "url"); sub != nil {
		return Remediator{URL: sub.address("url", fallback)}
	}
	return Remediator{URL: fallback}
}

func (s *section) readSlack() Slack {
	sub := s.sub("slack", "webhook_file", "channel")
	if sub == nil {
		return Slack{}
	}
	sub.secrets = ofMessages
	slack := Slack{Channel: sub.text("channel")}
	if !sub.has("webhook_file") {
		sub.missing("webhook_file", "name the file that holds the URL of the incoming webhook")
		return slack
	}
	slack.Webhook = sub.secretLine("webhook_file")
	if !slack.Webhook.Empty() && !isWebAddress(slack.Webhook.Reveal()) {
		sub.secretFault("webhook_file", "%s holds no http or https URL", "copy the incoming webhook's URL from Slack into it")
	}
	return slack
}

func (s *section) readHosts() map[string]Host {
	all := map[string]Host{}
	for _, e := range s.named("hosts") {
		h, path := Host{Name: e.key.Value, SSHPort: 22}, "hosts."+shorten(e.key.Value)
		s.name(e.key, path, h.Name, hostName)
		if hs := s.section(e.key, e.value, path, "address", "ssh_port"); hs != nil {
			if value := hs.need("address", "give its IP address or DNS name, without a port"); value != "" {
				h.Address = s.machine(hs.entries["address"].value, path+".address", value)
			}
			if port := hs.whole("ssh_port", 1, 65535); port != 0 {
				h.SSHPort = port
			}
			if h.Address != "" {
				s.once(hs.entries["address"].value, path+".address", "address", "host",
					net.JoinHostPort(h.Address, strconv.Itoa(h.SSHPort)), "two hosts cannot share it: correct one of them")
			}
		}
		all[h.Name] = h
	}
	return all
}

// host resolves the host of a node.
func (s *section) host() Host {
	name := s.need("host", "name the machine it runs on; "+choose("hosts", s.hosts))
	if name == "" {
		return Host{}
	}
	h, found := s.hosts[name]
	if !found {
		s.fault(s.entries["host"].value, s.path+".host", fmt.Sprintf("no host is named %q", shorten(name)), choose("hosts", s.hosts))
	}
	return h
}

// credential resolves a credential; one that is not named is called by default.
func (s *section) credential(byDefault string) Credential {
	if !s.has("credential") {
		if _, found := s.credentials[byDefault]; !found {
			s.missing("credential", fmt.Sprintf("and none is named %s, the default; %s", byDefault, choose("credentials", s.credentials)))
		}
		s.openPassword(byDefault)
		return s.credentials[byDefault]
	}
	return s.openCredential("credential", true)
}

// openCredential resolves the credential that a key names, and reads its password if that is wanted.
func (s *section) openCredential(key string, password bool) Credential {
	name := s.text(key)
	if _, found := s.credentials[name]; name != "" && !found {
		s.fault(s.entries[key].value, join(s.path, key), fmt.Sprintf("no credential is named %q", shorten(name)), choose("credentials", s.credentials))
	}
	if password {
		s.openPassword(name)
	}
	return s.credentials[name]
}

// restoreCredential resolves the account that restores write with: the one that is named, or the one
// called restore, or none. Its password is left alone: a daemon has no use for it, and who restores
// reads it then.
func (s *section) restoreCredential(kind cluster.Kind) Credential {
	const key, byDefault = "restore_credential", "restore"
	switch {
	case s.has(key) && kind == cluster.KindNDB:
		s.fault(s.where(key), join(s.path, key), "has no meaning for kind ndb: ndb_restore writes past the SQL nodes", "remove it")
		return Credential{}
	case kind == cluster.KindNDB:
		return Credential{}
	}
	c := s.credentials[byDefault]
	if s.has(key) {
		c = s.openCredential(key, false)
	}
	s.forRestores[c.Name] = true
	return c
}
