package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd"
)

func addBackupKeys(backup *kingpin.CmdClause, s *session) {
	cmd := backup.Command("keys", "Make the keys of backups: one that opens them, one that signs them. Run it once; a key that is there is never replaced.")
	dir := cmd.Flag("out", "The folder for the two secret files.").Default("/etc/kagu").String()
	asJSON := cmd.Flag("json", "Print JSON for programs.").Bool()
	name := cmd.Flag("name", "What the signing key is called in what it signs.").Default("kagu").String()
	cmd.Action(func(*kingpin.ParseContext) error {
		identity, recipient, err := backupd.NewIdentity()
		if err != nil {
			return err
		}
		private, public, err := backupd.NewSigningKey(*name)
		if err != nil {
			return err
		}
		opens, signs := filepath.Join(*dir, "backup.agekey"), filepath.Join(*dir, "backup.signkey")
		for _, f := range []string{opens, signs} {
			if _, err := os.Lstat(f); !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s is there already: backups may depend on it. Name another folder with --out", f)
			}
		}
		if err := newSecretFile(opens, identity); err != nil {
			return err
		}
		if err := newSecretFile(signs, private); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(s.out, map[string]string{"identity_file": opens, "signing_key_file": signs, "recipient": recipient, "trusted_key": public})
		}
		fmt.Fprintf(s.out, `Made %s, which opens backups, and %s, which signs them.

Copy the first to a safe that does not stand in this room: without it no backup can be restored, by anybody.
Who must only take backups needs the second alone. kagu.yaml of the host that takes and proves:

backup:
  recipients: [%s]
  identity_files: [%s]
  signing_key_file: %s

Where backups are only looked at or restored, in place of signing_key_file:

  trusted_keys: [%q]
`, opens, signs, recipient, opens, signs, public)
		return nil
	})
}

// newSecretFile writes a secret that its owner alone may read, and never over another file.
func newSecretFile(path, secret string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make the key: %w", err)
	}
	_, err = f.WriteString(secret + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}
