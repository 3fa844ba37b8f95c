package bench

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/backupd/ndb"
	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/sshrun"
)

var (
	ndbBackupRows   = flag.Int("ndb-backup-rows", 100_000, "rows of 1,000 bytes in the NDB cluster that is backed up, in steps of 1,000")
	ndbBackupRounds = flag.Int("ndb-backup-rounds", 5, "how often an NDB cluster is backed up in each way")
)

// BenchmarkNDBBackup takes backups of a real cluster in turns: START BACKUP until it is completed and
// no more, and ours, whose parts have come through SSH and are in the store at its end, compressed, with
// all else that belongs to them.
func BenchmarkNDBBackup(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	l := up(b, lab.Options{Kind: cluster.KindNDB, Management: 1, SQL: 1, Services: []lab.Service{lab.SSH}, Parameters: map[string]string{
		"DataMemory": fmt.Sprintf("%dM", 256+*ndbBackupRows/500), "NoOfFragmentLogFiles": "16", "FragmentLogFileSize": fmt.Sprintf("%dM", 16+*ndbBackupRows/40_000),
	}})
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
	hosts := ndb.Nodes{Client: node.Client{SSH: sshrun.Runner{Account: fleet.SSH}}}
	var ours, theirs []float64
	var before, after []time.Duration
	for round := range *ndbBackupRounds {
		time.Sleep(5 * time.Second) // the data nodes tidy up after the one before
		id := uint32(1000 + round)
		begun := time.Now()
		_, err := client.StartBackup(b.Context(), mgm.Backup{ID: id, Wait: mgm.UntilBackupCompleted})
		check(b, err)
		theirs = append(theirs, time.Since(begun).Seconds())
		for _, n := range c.Data {
			check(b, hosts.Discard(b.Context(), c.Name, n, id))
		}
		time.Sleep(5 * time.Second)
		begun = time.Now()
		ordered, complete := takeNDB(b, c, hosts)
		ours = append(ours, time.Since(begun).Seconds())
		before, after = append(before, ordered.Sub(begun)), append(after, time.Since(complete))
	}
	ratio{what: fmt.Sprintf("NDB backup of %d rows of 1,000 random bytes, in the store", *ndbBackupRows), ours: ours, theirs: theirs, unit: "s", target: 1.05}.print()
	row{what: "of ours: until the data nodes have been given the order", values: before, pick: 0.5}.print()
	row{what: "of ours: from the end that they tell until all is in the store", values: after, pick: 0.5}.print()
}

// takeNDB takes a backup, and says when the data nodes began it and when they said that it was complete.
func takeNDB(b *testing.B, c inventory.Cluster, hosts ndb.Hosts) (ordered, complete time.Time) {
	folder := store.NewFolder(b.TempDir())
	check(b, folder.Init())
	id := backupd.NewID(backupd.Native, time.Now())
	sealer, err := backupd.NewSealer(b.Context(), folder, c.Name, id, backupd.SealOptions{})
	check(b, err)
	var mu sync.Mutex
	facts, err := (&ndb.Kind{Hosts: hosts}).Take(b.Context(), backupd.Take{
		ID: id, Cluster: c, Method: backupd.Native, Sink: sealer,
		Tell: func(stage, _ string) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case stage == "backup" && ordered.IsZero():
				ordered = time.Now()
			case stage == "define":
				complete = time.Now()
			}
		},
		Owe: func(context.Context, backupd.Debt) (func(), error) { return func() {}, nil },
	})
	check(b, err)
	if notes := strings.Join(facts.Notes, "; "); strings.Contains(notes, "collected after") || strings.Contains(notes, "sent anew") {
		b.Fatalf("it was not followed: %s", notes)
	}
	_, err = sealer.Finish()
	check(b, err)
	return ordered, complete
}
