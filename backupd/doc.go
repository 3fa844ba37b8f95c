// Package backupd keeps clusters: it takes backups, seals them, proves that they can be restored,
// and restores them.
//
// A backup is a signed manifest and the parts it names, in a store. The manifest is stored last:
// before it the backup does not exist. A backup is good when a restore of it was checked, and
// green only as long as that check is not older than the policy allows.
//
// The flow, and the order of reading:
//
//	schedule → take → seal → store → manifest → check → prove by restore → retain → metrics
//
// This package knows neither database. What a database needs done is a Kind, in backupd/galera and
// backupd/ndb.
package backupd
