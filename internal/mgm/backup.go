package mgm

import (
	"context"
	"fmt"
	"time"
)

// A BackupWait is how long StartBackup waits.
type BackupWait int

// The ways to wait. Not waiting at all is not offered: nobody would learn the backup's number.
const (
	UntilBackupStarted   BackupWait = 1
	UntilBackupCompleted BackupWait = 2
)

// Backup says what backup to take.
type Backup struct {
	ID              uint32 // 0: the next one of the cluster's sequence
	Wait            BackupWait
	SnapshotAtStart bool   // the state when it starts is kept; else the one when it ends
	Password        Secret // encrypts the files, if there is one
}

const (
	backupStartTimeout = 10 * time.Minute
	backupTimeout      = 48 * time.Hour
)

// StartBackup starts a backup of the cluster and returns its number. It goes on without us. The
// safe way: listen first, wait until it has started, and take BackupCompleted or BackupAborted
// of that number from the events.
func (c *Client) StartBackup(ctx context.Context, b Backup) (id uint32, err error) {
	if b.Wait == 0 {
		b.Wait = UntilBackupStarted
	}
	cmd := command{name: "start backup", header: "start backup reply", changes: true, timeout: backupStartTimeout}
	if b.Wait == UntilBackupCompleted {
		cmd.timeout = backupTimeout
	}
	cmd.args = []arg{number("completed", b.Wait)}
	if b.ID != 0 {
		cmd.args = append(cmd.args, arg{"backupid", fmt.Sprint(b.ID)})
	}
	cmd.args = append(cmd.args, flag("backuppoint", b.SnapshotAtStart))
	if password := b.Password.Reveal(); password != "" {
		if err := checkPassword(password); err != nil {
			return 0, err
		}
		cmd.args = append(cmd.args, number("password_length", len(password)), text("encryption_password", password))
	}
	err = c.do(ctx, cmd, func(p reply) error {
		if err := p.ok(); err != nil {
			return err
		}
		n, err := p.number("id")
		id = uint32(n)
		return err
	})
	return id, err
}

// checkPassword refuses what the data nodes would refuse, without saying what it is.
func checkPassword(password string) error {
	const longest = 256
	if len(password) > longest {
		return fmt.Errorf("%w: start backup: the password is longer than %d", ErrRequest, longest)
	}
	for _, c := range []byte(password) {
		switch {
		case c == ' ', c == '#', c == '&', c >= '(' && c <= '[', c == ']', c == '_', c >= 'a' && c <= '~':
		default:
			return fmt.Errorf("%w: start backup: the password has a character that data nodes do not take", ErrRequest)
		}
	}
	return nil
}

// AbortBackup asks the data nodes to give up a backup. The server agrees to any number: the
// event BackupAborted says that it happened.
func (c *Client) AbortBackup(ctx context.Context, id uint32) error {
	return c.do(ctx, command{
		name: "abort backup", header: "abort backup reply", changes: true,
		args: []arg{{"id", fmt.Sprint(id)}},
	}, reply.ok)
}
