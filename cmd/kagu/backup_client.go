package main

import (
	"errors"
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
)

// A backupAPI is the backupd that a command talks to: where kagu.yaml says, unless a flag says
// otherwise.
type backupAPI struct {
	session        *session
	url, clientTLS string
}

func backupFlags(cmd *kingpin.CmdClause, s *session) *backupAPI {
	a := &backupAPI{session: s}
	cmd.Flag("backupd.url", "backupd; default: backup.url of kagu.yaml.").Envar("KAGU_BACKUPD_URL").StringVar(&a.url)
	cmd.Flag("http.config.file", "Prometheus' HTTP client configuration, for TLS and passwords.").StringVar(&a.clientTLS)
	return a
}

func (a *backupAPI) client() (backupd.Client, error) {
	if a.url == "" {
		fleet, err := inventory.LoadWithoutSecrets(a.session.config)
		if err != nil {
			return backupd.Client{}, err
		}
		a.url = fleet.Backup.URL
	}
	client, err := httpClient(a.clientTLS)
	return backupd.Client{URL: a.url, HTTP: client}, err
}

// list asks backupd, or reads the stores themselves: if one is named, or if backupd is away. note
// says so, in a sentence.
func (a *backupAPI) list(cluster, store string) (all []backupd.Listing, note string, err error) {
	if store == "" {
		client, err := a.client()
		if err != nil {
			return nil, "", err
		}
		all, err = client.List(a.session.ctx, cluster)
		if !errors.Is(err, backupd.ErrNoBackupd) {
			return all, "", err
		}
		note = fmt.Sprintf("no backupd answers at %s: this is read from the stores themselves, and what runs or failed is not known.", client.URL)
	}
	err = a.each(cluster, store, func(c inventory.Cluster, entries []backupd.Entry, damaged []string) {
		l := backupd.List(c, entries).Brief()
		l.Damaged = damaged
		all = append(all, l)
	})
	return all, note, err
}

// show is list for one backup.
func (a *backupAPI) show(cluster, id, store string) (b backupd.Shown, note string, err error) {
	if store == "" {
		client, err := a.client()
		if err != nil {
			return b, "", err
		}
		b, err = client.Show(a.session.ctx, cluster, id)
		if !errors.Is(err, backupd.ErrNoBackupd) {
			return b, "", err
		}
		note = fmt.Sprintf("no backupd answers at %s: this is read from the store itself.", client.URL)
	}
	var found error
	err = a.each(cluster, store, func(c inventory.Cluster, entries []backupd.Entry, _ []string) {
		b, found = backupd.Show(entries, c.Name, id)
	})
	return b, note, errors.Join(err, found)
}

// each reads what a store has of each cluster: the store of that name, or each cluster's first.
func (a *backupAPI) each(cluster, store string, do func(c inventory.Cluster, entries []backupd.Entry, damaged []string)) error {
	fleet, err := inventory.LoadFor(a.session.config, inventory.Backups)
	if err != nil {
		return err
	}
	seen := false
	for _, c := range fleet.Clusters {
		if c.Backup == nil || cluster != "" && c.Name != cluster {
			continue
		}
		seen = true
		name := store
		if name == "" {
			name = c.Backup.Store.Name
		}
		v, err := vault(fleet, name)
		if err != nil {
			return err
		}
		all, damaged, err := entries(a.session, v, c.Name)
		if err != nil {
			return err
		}
		for i := range all {
			all[i].Stores = []string{name}
		}
		var bad []string
		for _, err := range damaged {
			bad = append(bad, err.Error())
		}
		do(c, all, bad)
	}
	if !seen {
		return fleet.NoBackups(cluster)
	}
	return nil
}
