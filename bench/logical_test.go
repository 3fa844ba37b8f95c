package bench

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/backupd/galera"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/needs"
)

var (
	logicalRows   = flag.Int("logical-rows", 3_000_000, "rows of the benchmark of logical backups")
	logicalRounds = flag.Int("logical-rounds", 10, "how often each side of it dumps them")
	logicalPool   = flag.Int("logical-pool", 2048, "MiB of the server's buffer pool in it; 64 holds a tenth of the rows, so the rest comes from the disk")
)

// BenchmarkLogical dumps the same warm tables in turns, with four sessions each, into plain files
// on the same disk: one large table with a whole number as its key, and eight small ones.
func BenchmarkLogical(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	needs.Program(b, "mydumper", "mydumper")
	l := up(b, lab.Options{Nodes: 1, Pool: *logicalPool})
	n := l.Nodes[0]
	rows := *logicalRows
	check(b, l.SQL(b.Context(), n.Name, "CREATE DATABASE shop", "USE shop", "SET SESSION wsrep_on=OFF", "SET SESSION max_statement_time=0"))
	columns := "id BIGINT PRIMARY KEY, customer INT, amount DECIMAL(12,2), state TINYINT, created DATETIME, name VARCHAR(60), mail VARCHAR(80), note VARCHAR(200), raw VARBINARY(16), rate DOUBLE"
	for i := range 9 {
		count, table := rows/16, fmt.Sprintf("shop.t%d", i)
		if i == 0 {
			count = rows / 2
		}
		check(b, l.SQL(b.Context(), n.Name, "SET SESSION wsrep_on=OFF", "CREATE TABLE "+table+" ("+columns+")", "USE shop",
			fmt.Sprintf("INSERT INTO %s SELECT seq, seq %% 977, seq / 7, seq %% 5, '2026-01-01' + INTERVAL seq SECOND, CONCAT('name of ', seq), CONCAT('m', seq, '@example.net'), "+
				"REPEAT(CONCAT('a note\\'s text ', seq, ' '), 5), UNHEX(MD5(seq)), seq / 3.7 FROM seq_1_to_%d", table, count), "ANALYZE TABLE "+table))
	}
	c := inventory.Cluster{
		Name: "lab", Kind: cluster.KindGalera, Nodes: []inventory.Node{{Name: n.Name, SQL: n.Socket()}},
		Backup: &inventory.Backup{Credential: inventory.Credential{Name: "backup", User: "root"}},
	}
	dir := b.TempDir()
	server, err := l.Server(n.Name)
	check(b, err)
	// timed notes what a dump of all rows took, once it has told what its own process spent.
	timed := func(dump func(out string) (client time.Duration)) (d dump) {
		out, begun, before := filepath.Join(dir, "out"), time.Now(), cpu(b, server.PID)
		client := dump(out)
		d.speed = float64(rows) / 1000 / time.Since(begun).Seconds()
		d.client, d.server = client.Seconds(), (cpu(b, server.PID) - before).Seconds()
		check(b, os.RemoveAll(out))
		return d
	}
	ours := func(out string) time.Duration {
		before := cpu(b, os.Getpid())
		facts, err := (galera.Kind{Observe: alone(n.Name)}).Take(b.Context(), backupd.Take{
			ID: "bench", Cluster: c, Method: backupd.Logical, Sink: files(out), Tell: func(string, string) {},
			Owe: func(context.Context, backupd.Debt) (func(), error) { return func() {}, nil },
		})
		check(b, err)
		var read int64
		for _, t := range facts.Content {
			if t.Rows != nil {
				read += *t.Rows
			}
		}
		if read < int64(rows/2+rows/16*8) {
			b.Fatalf("%d rows were read", read)
		}
		return cpu(b, os.Getpid()) - before
	}
	theirs := func(out string) time.Duration {
		cmd := exec.CommandContext(b.Context(), "mydumper", "--socket="+n.Socket(), "--user=root", "--database=shop", "--threads=4", "--chunk-filesize=64", "--trx-consistency-only", "--outputdir="+out)
		if said, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, said)
		}
		return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	speed := ratio{what: fmt.Sprintf("logical backup of %d rows, 4 sessions, of mydumper", rows), unit: "krows/s", least: 1}
	client, work := ratio{what: "  CPU of who dumps", unit: "s"}, ratio{what: "  CPU of the server meanwhile", unit: "s"}
	for i := range *logicalRounds {
		var a, z dump
		undisturbed(b, "round", func() {
			if i%2 == 0 {
				a, z = timed(ours), timed(theirs)
			} else { // what the first one leaves to the disk meets both
				z, a = timed(theirs), timed(ours)
			}
		})
		speed.ours, speed.theirs = append(speed.ours, a.speed), append(speed.theirs, z.speed)
		client.ours, client.theirs = append(client.ours, a.client), append(client.theirs, z.client)
		work.ours, work.theirs = append(work.ours, a.server), append(work.theirs, z.server)
	}
	speed.print()
	client.print()
	work.print()
}

// A dump is what one took: thousands of rows a second, and seconds of CPU.
type dump struct{ speed, client, server float64 }

// alone makes a member the one that is backed up, though it is the only one.
func alone(name string) func(context.Context, inventory.Cluster) (cluster.Snapshot, error) {
	none, one := int64(0), int64(1)
	like := func(name string, wrote *int64) cluster.Node {
		return cluster.Node{Name: name, Galera: &cluster.Galera{
			Answers: cluster.Yes, Ready: cluster.Yes, Primary: cluster.Yes, State: "synced", StateUUID: "u", Queue: &none, Desyncs: &none, Wrote: wrote,
		}}
	}
	return func(context.Context, inventory.Cluster) (cluster.Snapshot, error) {
		return cluster.Snapshot{Cluster: "lab", Kind: cluster.KindGalera, Nodes: []cluster.Node{like("another", &one), like(name, &none)}}, nil
	}
}

// files is a sink that keeps each stream in a file of a folder.
type files string

func (f files) Stream(_ context.Context, name string) (io.WriteCloser, error) {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return nil, err
	}
	return os.Create(filepath.Join(string(f), name))
}
