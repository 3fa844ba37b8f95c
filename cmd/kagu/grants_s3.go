package main

import (
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd/store"
)

func addS3Grants(cmd *kingpin.CmdClause, s *session) {
	var principal, bucket, prefix, role string
	var lock bool
	cmd.Flag("bucket", "As kagu.yaml has it.").Required().StringVar(&bucket)
	cmd.Flag("prefix", "As kagu.yaml has it.").StringVar(&prefix)
	cmd.Flag("lock", "Objects are locked: kagu.yaml has lock for this store.").BoolVar(&lock)
	cmd.Flag("principal", "Who gets it: the ARN of a user at AWS, an access key at other servers.").Required().StringVar(&principal)
	cmd.Flag("role", "keeper is for backupd, which also deletes what retention gives up; writer can destroy nothing; reader restores.").
		Default(string(store.Keeper)).EnumVar(&role, string(store.Keeper), string(store.Writer), string(store.Reader))
	cmd.Action(func(*kingpin.ParseContext) error {
		_, err := fmt.Fprint(s.out, store.S3Policy(store.Role(role), principal, bucket, prefix, lock))
		return err
	})
}
