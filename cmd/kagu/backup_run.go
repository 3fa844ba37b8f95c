package main

import (
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
)

func addBackupRun(backup *kingpin.CmdClause, s *session) {
	cmd := backup.Command("run", "Take a backup now, as a job of kagu.yaml says, and watch it.")
	a := backupFlags(cmd, s)
	cluster := cmd.Arg("CLUSTER", "The cluster.").Required().String()
	job := cmd.Arg("JOB", "The job; default: the first that takes a full backup.").String()
	f := followFlags(cmd, a)
	cmd.Action(func(*kingpin.ParseContext) error {
		name := *job
		if name == "" {
			var err error
			if name, err = fullJob(s.config, *cluster); err != nil {
				return err
			}
		}
		client, err := a.client()
		if err != nil {
			return err
		}
		run, err := client.Take(s.ctx, *cluster, backupd.TakeRequest{Job: name, By: person()})
		if err != nil {
			return err
		}
		return f.follow(client, run, expected(s, client, *cluster, name))
	})
}

func addBackupVerify(backup *kingpin.CmdClause, s *session) {
	cmd := backup.Command("verify", "Restore a backup into a scratch server now, look at what came back, and watch it. No database is touched.")
	a := backupFlags(cmd, s)
	cluster := cmd.Arg("CLUSTER", "The cluster.").Required().String()
	id := cmd.Arg("ID", "The backup, as kagu backup list shows it; default: the newest that can be restored.").String()
	f := followFlags(cmd, a)
	cmd.Action(func(*kingpin.ParseContext) error {
		client, err := a.client()
		if err != nil {
			return err
		}
		run, err := client.Prove(s.ctx, *cluster, backupd.ProveRequest{ID: *id, By: person()})
		if err != nil {
			return err
		}
		return f.follow(client, run, 0)
	})
}

func addBackupCancel(backup *kingpin.CmdClause, s *session) {
	cmd := backup.Command("cancel", "End what runs for a cluster. A backup that is not finished is removed.")
	a := backupFlags(cmd, s)
	cluster := cmd.Arg("CLUSTER", "The cluster.").Required().String()
	cmd.Action(func(*kingpin.ParseContext) error {
		client, err := a.client()
		if err != nil {
			return err
		}
		if err := client.Cancel(s.ctx, *cluster, backupd.CancelRequest{By: person()}); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "it is ending: kagu backup runs %s shows when it has.\n", plain(*cluster))
		return nil
	})
}

func fullJob(config, cluster string) (string, error) {
	fleet, err := inventory.LoadWithoutSecrets(config)
	if err != nil {
		return "", err
	}
	c, found := fleet.Cluster(cluster)
	if !found || c.Backup == nil {
		return "", fleet.NoBackups(cluster)
	}
	return backupd.FullJob(c)
}

// expected is how many bytes a job read the last time; 0 if that is not known.
func expected(s *session, client backupd.Client, cluster, job string) int64 {
	all, err := client.List(s.ctx, cluster)
	if err != nil || len(all) != 1 {
		return 0
	}
	var last int64
	for _, b := range all[0].Backups {
		if b.Manifest.Job == job {
			last = b.Manifest.Plain()
		}
	}
	return last
}
