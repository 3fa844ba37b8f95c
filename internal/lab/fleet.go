package lab

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"
)

// What kagu.yaml of a lab says, in the order in which a reader wants it.
type (
	fleetFile struct {
		Site        string                    `yaml:"site"`
		Credentials map[string]credentialFile `yaml:"credentials"`
		SSH         map[string]string         `yaml:"ssh,omitempty"`
		Remediator  map[string]string         `yaml:"remediator,omitempty"`
		Slack       map[string]string         `yaml:"slack,omitempty"`
		Backup      *backupdFile              `yaml:"backup,omitempty"`
		Hosts       map[string]hostFile       `yaml:"hosts"`
		Clusters    map[string]clusterFile    `yaml:"clusters"`
	}
	credentialFile struct {
		User         string `yaml:"user"`
		PasswordFile string `yaml:"password_file"`
	}
	hostFile struct {
		Address string `yaml:"address"`
		SSHPort int    `yaml:"ssh_port,omitempty"`
	}
	clusterFile struct {
		Kind   string            `yaml:"kind"`
		Mode   string            `yaml:"mode"`
		Policy map[string]string `yaml:"policy"`
		Proxy  map[string]string `yaml:"proxy,omitempty"`
		Backup *backupFile       `yaml:"backup,omitempty"`
		Nodes  []nodeFile        `yaml:"nodes,omitempty"`

		Management []nodeFile `yaml:"management,omitempty"`
		Data       []nodeFile `yaml:"data,omitempty"`
		SQL        []nodeFile `yaml:"sql,omitempty"`
	}
	nodeFile struct {
		ID       int      `yaml:"id,omitempty"`
		Name     string   `yaml:"name"`
		Host     string   `yaml:"host"`
		Address  string   `yaml:"address,omitempty"`
		SQL      string   `yaml:"sql,omitempty"`
		Start    []string `yaml:"start,flow"`
		DataDir  string   `yaml:"datadir"`
		PIDFile  string   `yaml:"pid_file"`
		ErrorLog string   `yaml:"error_log"`
	}
)

// writeFleet writes kagu.yaml, the keys and the secrets that it names.
func (l *Lab) writeFleet(o Options) error {
	f := fleetFile{
		Site:        "lab",
		Credentials: map[string]credentialFile{"monitor": {User: MonitorUser, PasswordFile: filepath.Base(l.passwordFile(MonitorUser))}},
		Hosts:       map[string]hostFile{},
	}
	c := clusterFile{
		Kind: string(l.Kind), Mode: string(l.Mode),
		// A lab heals small data on one machine: it need not wait as long as production does.
		Policy: map[string]string{"cooldown": "30s", "verify_for": "2s", "verify_timeout": "2m"},
	}
	for name, user := range map[string]string{"backup": BackupUser, "restore": RestoreUser} {
		if _, err := os.Stat(l.passwordFile(user)); err == nil { // not every kind has both
			f.Credentials[name] = credentialFile{User: user, PasswordFile: filepath.Base(l.passwordFile(user))}
		}
	}
	l.kind().list(l, &c, f.Hosts)
	if slices.Contains(o.Services, SSH) {
		if err := l.writeSSH(); err != nil {
			return err
		}
		f.SSH = map[string]string{"user": l.Account, "key_file": filepath.Base(l.sshKey()), "known_hosts_file": filepath.Base(l.knownHosts())}
	}
	if l.Has(Remediator) {
		f.Remediator = map[string]string{"url": l.URL(Remediator)}
	}
	if l.Has(Slack) {
		if err := writeFile(l.webhookFile(), []byte(l.URL(Slack)+"/services/lab\n")); err != nil {
			return err
		}
		f.Slack = map[string]string{"webhook_file": filepath.Base(l.webhookFile()), "channel": "#lab"}
	}
	if l.Has(HAProxy) {
		c.Proxy = map[string]string{"kind": "haproxy", "socket": l.ProxySocket(), "backend": ProxyBackend}
	}
	if l.Has(Backupd) {
		var err error
		if f.Backup, err = l.writeBackupKeys(); err != nil {
			return err
		}
		c.Backup = l.backupJobs()
	}
	f.Clusters = map[string]clusterFile{ClusterName: c}
	var text bytes.Buffer
	text.WriteString("# Written by kagu lab.\n")
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := enc.Encode(f); err != nil {
		return err
	}
	return writeFile(l.Config(), text.Bytes())
}

func (l *Lab) webhookFile() string { return l.file("slack.webhook") }
