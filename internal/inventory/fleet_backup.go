package inventory

import "time"

// Backupd is what backupd and kagu need to know of backups in general.
type Backupd struct {
	URL        string   // of backupd's API; default http://127.0.0.1:10044
	Recipients []string // age recipients that every part is encrypted to; none: not encrypted
	Identities []Secret // age identities that open parts, to verify and to restore
	SigningKey Secret   // signs manifests and proofs
	Trusted    []string // public keys whose signatures count, beside the signing key's own
	Stores     map[string]BackupStore
	Scratch    Scratch
}

// BackupStore is where backups are kept: a folder or a bucket.
type BackupStore struct {
	Name string
	Path string // a folder of this machine
	S3   *S3
}

// S3 is a bucket. The keys stay file references: they are read when they are used, so that
// rotated ones are used at once.
type S3 struct {
	Endpoint      string // http or https URL
	Region        string // default us-east-1
	Bucket        string
	Prefix        string // without a slash at its end; "" for none
	AccessKeyFile string
	SecretKeyFile string
	CAFile        string        // default the system's authorities
	PathStyle     bool          // bucket in the path, not in the name of the host
	Lock          time.Duration // object lock in compliance mode; 0: none
}

// Scratch is where proof restores and restores of schemas run their servers.
type Scratch struct {
	Dir        string // default /var/lib/kagu/scratch
	MariaDB    string // folder of mariadbd; default /usr/sbin
	NDB        string // tree of NDB Cluster; default the environment's KAGU_NDB_HOME
	OnDatabase bool   // allow it on a host that runs a database of kagu.yaml
}

// Backup says what backupd does for a cluster.
type Backup struct {
	Credential Credential
	RestoreAs  Credential // Galera: that restores into the running cluster write with, its password unread; no name: there is none
	Store      BackupStore
	Copies     []BackupStore // further stores that get each backup
	Zone       *time.Location
	Rate       int64 // bytes a second that a backup may read; 0: no limit
	Jobs       []BackupJob
	Retention  Retention
	Proof      ProofPolicy
	Checks     []ContentCheck
}

// BackupJob is one thing to be done again and again.
type BackupJob struct {
	Name     string
	Method   string // physical, incremental, logical, binlog, native
	Schedule string // five fields of crontab; "" for binlog, which never ends
	Jitter   time.Duration
	Window   time.Duration // how late it may begin; default 4h
	Schemas  []string      // logical: these only
	Interval time.Duration // binlog: how old may be what is not stored yet; default 10s
}

// Retention says how many backups are kept. A chain is kept whole.
type Retention struct {
	Daily, Weekly, Monthly, Yearly, Least int

	Logs     time.Duration // how far back archived binary logs are kept; 0: as far as the backups
	Schedule string        // five fields of crontab: when what need not be kept is removed
}

// ProofPolicy says when backups are proven by a restore.
type ProofPolicy struct {
	Schedule string        // five fields of crontab; "": never by itself
	MaxAge   time.Duration // a proof that is older makes the cluster's backups stale; default 36h
}

// ContentCheck is a query of the user's own that a proof restore must answer as expected.
type ContentCheck struct {
	Query string
	Want  string // the only value of the only row
}
