// Package kinds joins the engine of backups with the databases that it keeps: for backupd, which takes
// and proves backups, and for kagu, which restores them.
package kinds
