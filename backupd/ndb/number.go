package ndb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kagu-db/kagu/internal/mgm"
)

// Backups have numbers of our own: seconds since 2020. The cluster's own sequence begins at 1
// again after a start with --initial, and meets the files of old backups then.
var numbersBegin = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// number returns the number of a backup that begins now. It is higher than the newest that is
// known, whatever the clock says.
func number(now time.Time, newest uint32) (uint32, error) {
	const largest = 1<<32 - 2 // NDB's
	seconds := now.Unix() - numbersBegin.Unix()
	if seconds < 1 || seconds > largest {
		return 0, fmt.Errorf("the clock says %s: set it right, the numbers of backups are made of it", now.UTC().Format(time.RFC3339))
	}
	n := max(uint32(seconds), newest)
	if n == newest {
		if newest == largest {
			return 0, fmt.Errorf("the newest backup has the number %d, and there is none above it: remove its files from the data nodes", newest)
		}
		n++
	}
	return n, nil
}

// patience is how long data nodes may go on refusing a backup because of the one before: they
// say that it has completed, and for a moment still are at it.
const patience = 10 * time.Second

// start starts the backup of that number. If the answer was lost it may have begun all the same:
// that is no error, the events will tell.
func start(ctx context.Context, c *mgm.Client, id uint32) error {
	for begun := time.Now(); ; {
		got, err := c.StartBackup(ctx, mgm.Backup{ID: id, Wait: mgm.UntilBackupStarted})
		code, _ := mgm.CodeOf(err)
		switch {
		case err == nil && got != id:
			return fmt.Errorf("backup %d was ordered and %d began: another program orders backups too, let only one do it", id, got)
		case err == nil, errors.Is(err, mgm.ErrOutcomeUnknown):
			return nil
		case code != mgm.CodeBackupRunning || time.Since(begun) > patience:
			return fmt.Errorf("start backup %d: %w%s", id, err, nextStep(code))
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// rest lets the data nodes tidy up after a backup that they refused. Seen with 9.7.2: one that was
// asked for the next within milliseconds failed an assertion and died (Backup.cpp, error 2301); a
// second later all was well.
func rest(ctx context.Context) {
	select {
	case <-time.After(5 * time.Second):
	case <-ctx.Done():
	}
}

// nextStep says what to do about an error of a backup, after a colon; "" if that is not known.
func nextStep(code int) string {
	for _, r := range reasons {
		if r.code == code {
			return ": " + r.next
		}
	}
	return ""
}

// reasons are the errors of backups that an operator can do something about.
var reasons = []struct {
	code int
	text string
	next string
}{
	{mgm.CodeBackupRunning, "a backup is running already", "wait for it, or find out who ordered it: kagu ndb events"},
	{1303, "the data nodes are out of resources", "give them more SharedGlobalMemory and BackupMaxWriteSize"},
	{mgm.CodeBackupDiskless, "the data nodes are diskless", "a native backup needs disks"},
	{mgm.CodeBackupMustEncrypt, "the data nodes take no backup without a password", "set RequireEncryptedBackup=0: the parts are encrypted on their way to the store"},
	{mgm.CodeBackupAbortedByUser, "somebody aborted it", "ask who, then take another"},
	{mgm.CodeBackupLogFull, "its log could not keep up with the writes", "raise BackupLogBufferSize and RedoBuffer, or take it when less is written"},
	{mgm.CodeBackupFileError, "a data node could not write its files", "look at its disk and at BackupDataDir: kagu status"},
	{mgm.CodeBackupNodeFailure, "a data node failed", "take another when all data nodes are started: kagu status"},
	{mgm.CodeBackupUpgrade, "the data nodes run different versions", "finish the upgrade first"},
	{mgm.CodeBackupExists, "there are files of that number", "find out whose BACKUP/BACKUP-<number> it is and remove it from every data node, then take another backup"},
}

// reason decodes why a backup was aborted.
func reason(code int) string {
	for _, r := range reasons {
		if r.code == code {
			return fmt.Sprintf("%s (error %d): %s", r.text, code, r.next)
		}
	}
	return fmt.Sprintf("error %d: see the logs of the data nodes", code)
}
