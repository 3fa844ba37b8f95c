package inventory

import (
	"fmt"
	"regexp"
)

const backupURL = "http://127.0.0.1:10044"

// recipient is the shape of an age recipient; whether it is one, backupd says.
var recipient = regexp.MustCompile(`^age1[02-9ac-hj-np-z]{58}$`)

func (s *section) readBackupd() Backupd {
	b := Backupd{URL: backupURL, Scratch: Scratch{Dir: "/var/lib/kagu/scratch", MariaDB: "/usr/sbin"}, Stores: map[string]BackupStore{}}
	sub := s.sub("backup", "url", "recipients", "identity_files", "signing_key_file", "trusted_keys", "stores", "scratch")
	if sub == nil {
		return b
	}
	sub.secrets = ofBackups
	b.URL = sub.address("url", backupURL)
	for _, e := range sub.items("recipients") {
		path := join(sub.path, "recipients")
		if text := s.textOf(e, path); text != "" {
			if !recipient.MatchString(text) {
				s.fault(e.value, path, fmt.Sprintf("%q is not an age recipient", shorten(text)), "write the public key that age-keygen or kagu backup keys prints; it begins with age1")
			}
			b.Recipients = append(b.Recipients, text)
		}
	}
	for i, e := range sub.items("identity_files") {
		// Each is a key of its own, so that the checks of secret files are its too.
		name := fmt.Sprintf("identity_files[%d]", i)
		sub.entries[name] = e
		if content, ok := sub.secretFile(name); ok {
			b.Identities = append(b.Identities, NewSecret(content))
		}
	}
	b.SigningKey = sub.secretLine("signing_key_file")
	for _, e := range sub.items("trusted_keys") {
		if text := s.textOf(e, join(sub.path, "trusted_keys")); text != "" {
			b.Trusted = append(b.Trusted, text)
		}
	}
	for _, e := range sub.named("stores") {
		b.Stores[e.key.Value] = sub.readStore(e)
	}
	if sc := sub.sub("scratch", "dir", "mariadb", "ndb", "on_database_host"); sc != nil {
		if dir := sc.remotePath("dir"); dir != "" {
			b.Scratch.Dir = dir
		}
		if dir := sc.remotePath("mariadb"); dir != "" {
			b.Scratch.MariaDB = dir
		}
		b.Scratch.NDB = sc.remotePath("ndb")
		b.Scratch.OnDatabase = sc.truth("on_database_host")
	}
	return b
}
