package bench

import (
	"archive/tar"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/backupd/ndb"
	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

var (
	ndbBackupRows   = flag.Int("ndb-backup-rows", 100_000, "rows of 1,000 bytes in the NDB cluster that is backed up, in steps of 1,000")
	ndbBackupRounds = flag.Int("ndb-backup-rounds", 5, "how often an NDB cluster is backed up in each way")
)

// BenchmarkNDBBackup takes backups of a real cluster in turns: START BACKUP until it is completed and
// no more, and ours, whose parts are in the store at its end, compressed, with all else that belongs to
// them.
func BenchmarkNDBBackup(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	l := up(b, lab.Options{Kind: cluster.KindNDB, Management: 1, SQL: 1, Parameters: map[string]string{"DataMemory": "512M", "NoOfFragmentLogFiles": "16", "FragmentLogFileSize": "16M"}})
	fleet, err := inventory.Load(l.Config())
	check(b, err)
	c := fleet.Clusters[0]
	const password = "only in a lab"
	c.Backup = &inventory.Backup{Credential: inventory.Credential{User: "kagu_test_backup", Password: inventory.NewSecret(password)}}
	grants, err := sqlconn.Account{User: "kagu_test_backup", Host: "127.%", Connections: ndb.Connections}.SQL(ndb.Grants())
	check(b, err)
	for i, g := range grants {
		grants[i] = strings.ReplaceAll(g, sqlconn.Placeholder, password)
	}
	check(b, l.SQL(b.Context(), "s1", append(grants,
		"CREATE DATABASE big", "CREATE TABLE big.t (id INT PRIMARY KEY, pad VARBINARY(1000)) ENGINE=NDB")...))
	for from := 0; from < *ndbBackupRows; from += 1000 {
		check(b, l.SQL(b.Context(), "s1", fmt.Sprintf(
			"INSERT INTO big.t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i + %d, RANDOM_BYTES(1000) FROM n", from)))
	}
	client := mgm.New(mgm.Options{Addresses: l.ManagementAddresses()})
	defer client.Close()
	var ours, theirs []float64
	for round := range *ndbBackupRounds {
		time.Sleep(5 * time.Second) // the data nodes tidy up after the one before
		id := uint32(1000 + round)
		begun := time.Now()
		_, err := client.StartBackup(b.Context(), mgm.Backup{ID: id, Wait: mgm.UntilBackupCompleted})
		check(b, err)
		theirs = append(theirs, time.Since(begun).Seconds())
		for _, n := range c.Data {
			check(b, onDisk{}.Discard(b.Context(), c.Name, n, id))
		}
		time.Sleep(5 * time.Second)
		begun = time.Now()
		takeNDB(b, c)
		ours = append(ours, time.Since(begun).Seconds())
	}
	ratio{what: fmt.Sprintf("NDB backup of %d rows of 1,000 random bytes, in the store", *ndbBackupRows), ours: ours, theirs: theirs, unit: "s", target: 1.05}.print()
}

func takeNDB(b *testing.B, c inventory.Cluster) {
	folder := store.NewFolder(b.TempDir())
	check(b, folder.Init())
	id := backupd.NewID(backupd.Native, time.Now())
	sealer, err := backupd.NewSealer(b.Context(), folder, c.Name, id, backupd.SealOptions{})
	check(b, err)
	_, err = (&ndb.Kind{Hosts: onDisk{}}).Take(b.Context(), backupd.Take{
		ID: id, Cluster: c, Method: backupd.Native, Sink: sealer, Tell: func(string, string) {},
		Owe: func(context.Context, backupd.Debt) (func(), error) { return func() {}, nil },
	})
	check(b, err)
	_, err = sealer.Finish()
	check(b, err)
}

// onDisk is the hosts of a lab, whose folders are all on this machine: what SSH costs is left out.
type onDisk struct{}

func (onDisk) folder(n inventory.Node, backup uint32) string {
	return filepath.Join(n.DataDir, "BACKUP", fmt.Sprintf("BACKUP-%d", backup))
}

func (d onDisk) Collect(_ context.Context, _ string, n inventory.Node, backup uint32, w io.Writer) ([]ndb.File, error) {
	folder := os.DirFS(d.folder(n, backup))
	out := tar.NewWriter(w)
	var files []ndb.File
	err := fs.WalkDir(folder, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		f, err := folder.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err == nil {
			err = out.WriteHeader(&tar.Header{Name: path, Mode: 0o600, Size: info.Size()})
		}
		if err != nil {
			return err
		}
		files = append(files, ndb.File{Name: path, Size: info.Size()})
		_, err = io.Copy(out, f)
		return err
	})
	return files, errors.Join(err, out.Close())
}

func (d onDisk) Discard(_ context.Context, _ string, n inventory.Node, backup uint32) error {
	return os.RemoveAll(d.folder(n, backup))
}
