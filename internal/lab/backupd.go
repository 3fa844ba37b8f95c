package lab

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

// What kagu.yaml of a lab says of backups.
type (
	backupdFile struct {
		URL        string               `yaml:"url"`
		Recipients []string             `yaml:"recipients"`
		Identities []string             `yaml:"identity_files"`
		SigningKey string               `yaml:"signing_key_file"`
		Stores     map[string]storeFile `yaml:"stores"`
		Scratch    scratchFile          `yaml:"scratch"`
	}
	storeFile struct {
		Path string `yaml:"path"`
	}
	scratchFile struct {
		Dir        string `yaml:"dir"`
		NDB        string `yaml:"ndb,omitempty"`
		OnDatabase bool   `yaml:"on_database_host"`
	}
	backupFile struct {
		Store     string             `yaml:"store"`
		Jobs      map[string]jobFile `yaml:"jobs"`
		Retention retentionFile      `yaml:"retention"`
	}
	retentionFile struct {
		Schedule string `yaml:"schedule"`
	}
	jobFile struct {
		Method   string `yaml:"method"`
		Schedule string `yaml:"schedule,omitempty"`
	}
)

// Store is the folder where backupd of a lab keeps backups.
func (l *Lab) Store() string { return l.file("store") }

// writeBackupKeys makes the keys as a user would, and an empty store.
func (l *Lab) writeBackupKeys() (*backupdFile, error) {
	keys, scratch := l.file("backup-keys"), l.file("scratch")
	for dir, mode := range map[string]os.FileMode{keys: 0o700, l.Store(): 0o700, scratch: 0o711} { // scratch servers run as another account
		if err := os.Mkdir(dir, mode); err != nil {
			return nil, err
		}
	}
	if err := writeFile(filepath.Join(l.Store(), "kagu-store"), nil); err != nil {
		return nil, err
	}
	out, err := exec.Command(filepath.Join(l.Bin, "kagu"), "backup", "keys", "--out="+keys, "--json").Output()
	if err != nil {
		return nil, fmt.Errorf("kagu backup keys: %w", err)
	}
	var made struct {
		Identity  string `json:"identity_file"`
		Signing   string `json:"signing_key_file"`
		Recipient string `json:"recipient"`
	}
	if err := json.Unmarshal(out, &made); err != nil {
		return nil, fmt.Errorf("kagu backup keys: %w", err)
	}
	return &backupdFile{
		URL: l.URL(Backupd), Recipients: []string{made.Recipient}, Identities: []string{made.Identity}, SigningKey: made.Signing,
		Stores: map[string]storeFile{"main": {Path: l.Store()}}, Scratch: scratchFile{Dir: scratch, NDB: l.Home, OnDatabase: true},
	}, nil
}

// backupJobs are what a lab can do: when it is asked to, and at night, which is twelve hours from
// now, for no test waits for a schedule and none may be met by one.
func (l *Lab) backupJobs() *backupFile {
	night := time.Now().Add(12 * time.Hour)
	daily := func(minute int) string { return fmt.Sprintf("%d %d * * *", minute, night.Hour()) }
	jobs := map[string]jobFile{}
	if l.Kind == cluster.KindNDB {
		jobs["full"] = jobFile{"native", daily(0)}
	} else {
		jobs["full"] = jobFile{"physical", daily(0)}
		jobs["changes"] = jobFile{"incremental", daily(20)}
		jobs["dump"] = jobFile{"logical", daily(40)}
	}
	if l.BinLog {
		jobs["log"] = jobFile{Method: "binlog"}
	}
	return &backupFile{Store: "main", Jobs: jobs, Retention: retentionFile{daily(50)}}
}
