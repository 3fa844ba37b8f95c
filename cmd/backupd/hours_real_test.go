package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd/store/s3test"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

var (
	hours       = flag.Duration("hours", 80*time.Minute, "how long binary logs are archived into a bucket, to see real hours of them put together; at least 75m")
	hoursPoints = flag.Int("hours-points", 5, "how many of the transactions are restored to then")
)

// A transaction is what a writer was told is written: the row's id and the transaction's GTID.
type transaction struct {
	id   int
	gtid string
}

// BenchmarkHoursOfBinaryLogs archives for as long as it is told, so that the clock on the wall puts pieces
// together, and a removal takes the small ones. What is left must lead to any transaction.
//
// It takes real hours, so it is nothing that make test could do.
func BenchmarkHoursOfBinaryLogs(b *testing.B) {
	r := newRig(b, lab.Options{BinLog: true})
	r.useBucket(s3test.Start(b).Bucket("hours", false))
	r.sql("n1", "CREATE TABLE kagu_lab.ledger (id INT PRIMARY KEY, at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)")
	r.must("run", "lab", "full")
	r.must("verify", "lab")

	acked := r.write(*hours)
	b.Logf("%d transactions in %s", len(acked), *hours)
	merged := strings.Count(r.log(), "pieces of a binary log were put together")
	if merged == 0 {
		b.Fatal("nothing was put together")
	}
	b.Logf("%d larger pieces were made", merged)
	until := acked[len(acked)-1]
	r.until("the archive has the last transaction", func() bool { return r.reaches(until) })
	r.must("run", "lab", "full") // a removal leaves what the newest proven backup needs
	b.Log(r.must("prune", "lab", "--remove"))
	for range *hoursPoints {
		r.leadsTo(acked[rand.IntN(len(acked))])
	}
	r.leadsTo(until)
}

// useBucket has backupd keep backups in a bucket from now on.
func (r rig) useBucket(b inventory.S3) {
	r.t.Helper()
	text, err := os.ReadFile(r.lab.Config())
	if err != nil {
		r.t.Fatal(err)
	}
	folder := []byte("path: " + r.lab.Store())
	if bytes.Count(text, folder) != 1 {
		r.t.Fatalf("kagu.yaml has another store than %q:\n%s", folder, text)
	}
	bucket := fmt.Sprintf("{endpoint: %q, region: %s, bucket: %s, path_style: true, access_key_file: %q, secret_key_file: %q}", b.Endpoint, b.Region, b.Bucket, b.AccessKeyFile, b.SecretKeyFile)
	text = bytes.Replace(text, append([]byte("\n            "), folder...), []byte(" "+bucket), 1)
	const retention = "\n            retention:\n"
	if !bytes.Contains(text, []byte(retention)) {
		r.t.Fatalf("kagu.yaml has no %q:\n%s", retention, text)
	}
	text = bytes.Replace(text, []byte(retention), []byte(retention+"                daily: 2\n                least: 1\n"), 1)
	if err := os.WriteFile(r.lab.Config(), text, 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := r.lab.KillService(string(lab.Backupd)); err != nil {
		r.t.Fatal(err)
	}
	if err := r.lab.Restart(r.t.Context(), lab.Backupd); err != nil {
		r.t.Fatal(err)
	}
}

// write writes four rows a second for as long, each a transaction.
func (r rig) write(length time.Duration) (acked []transaction) {
	r.t.Helper()
	sql, err := sqlconn.Connect(r.t.Context(), r.node("n1").Socket(), inventory.Credential{User: r.lab.Account}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer sql.Close()
	ctx, cancel := context.WithTimeout(r.t.Context(), length)
	defer cancel()
	for id := 1; ctx.Err() == nil; id++ {
		if err := sql.Exec(r.t.Context(), fmt.Sprintf("INSERT INTO kagu_lab.ledger (id) VALUES (%d)", id)); err != nil {
			r.t.Fatal(err)
		}
		rows, err := sql.Texts(r.t.Context(), "SELECT @@last_gtid")
		if err != nil {
			r.t.Fatal(err)
		}
		acked = append(acked, transaction{id, rows[0][0]})
		select {
		case <-ctx.Done():
		case <-time.After(250 * time.Millisecond):
		}
	}
	return acked
}

func (r rig) reaches(to transaction) bool {
	_, err := r.kagu("restore", "lab", "--dir="+r.t.TempDir(), "--gtid="+to.gtid, "--plan")
	return err == nil
}

// leadsTo restores to a transaction: its row is there, all before it are, and none after it.
func (r rig) leadsTo(to transaction) {
	r.t.Helper()
	dir, socket := r.look(fmt.Sprintf("look%d", to.id))
	r.must("restore", "lab", "--dir="+dir, "--gtid="+to.gtid, "--yes")
	want := fmt.Sprintf("%d to %d", to.id, to.id)
	if got := r.ask(socket, scratchUser, "SELECT CONCAT(COUNT(*), ' to ', MAX(id)) FROM kagu_lab.ledger"); got != want {
		r.t.Errorf("restored to %s: %s, want %s", to.gtid, got, want)
	}
}
