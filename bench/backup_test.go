package bench

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/s3test"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/needs"
)

var (
	backupBytes  = flag.Int64("backup-bytes", 4<<30, "rows to generate for the benchmark of backups, in bytes; half of them random-like, half text-like")
	backupRounds = flag.Int("backup-rounds", 3, "how often each way to take a backup is gone")
)

// BenchmarkBackup takes physical backups of one server in turns: by Kagu's pipeline, and by the
// usual pipes of mariadb-backup, zstd, age and sha256sum. All read the same files, from memory if
// there is room: mariadb-backup reads past the page cache. All write to the same disk.
//
// Rows of another schema are written meanwhile, 50 a second: of a server that writes nothing
// mariadb-backup waits 5 s for its log to move, whatever takes its output.
func BenchmarkBackup(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	for name, pkg := range map[string]string{"mariadb-backup": "mariadb-backup", "zstd": "zstd", "age": "age", "sha256sum": "coreutils"} {
		needs.Program(b, name, pkg)
	}
	l := up(b, lab.Options{Nodes: 1, Dir: inMemory(b, 4**backupBytes)})
	id, err := age.GenerateX25519Identity()
	check(b, err)
	p := pipes{b: b, node: l.Nodes[0], dir: b.TempDir(), id: id}
	check(b, os.WriteFile(p.file("key"), []byte(id.String()+"\n"), 0o600))
	s3 := s3test.Start(b)
	p.s3 = s3.Bucket("bench", false)
	p.bucket = filepath.Join(s3.Data, "bench")
	trickle(b, l)
	for _, data := range []string{"random", "text"} {
		fill(b, l, data, *backupBytes/2)
		p.compare(data)
	}
}

// inMemory returns a folder for a lab in a file system in memory that has so many bytes left, or ""
// where there is none.
func inMemory(b *testing.B, bytes int64) string {
	const shm, tmpfs = "/dev/shm", 0x01021994
	var fs syscall.Statfs_t
	if err := syscall.Statfs(shm, &fs); err != nil || fs.Type != tmpfs || int64(fs.Bavail)*fs.Bsize < bytes {
		fmt.Println("no file system in memory has room for the server's files: they are on disk, and its speed is part of the figures")
		return ""
	}
	dir, err := os.MkdirTemp(shm, "kagu-bench-")
	check(b, err)
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	check(b, os.Chmod(dir, 0o711)) // the servers run as another account
	return filepath.Join(dir, "lab")
}

// trickle writes a row each 20 ms until the benchmark ends.
func trickle(b *testing.B, l *lab.Lab) {
	db := server(b, l, l.Nodes[0].SQLAddress())
	_, err := db.ExecContext(b.Context(), "CREATE TABLE trickle (id INT PRIMARY KEY AUTO_INCREMENT, at TIMESTAMP(6))")
	check(b, err)
	go func() {
		for b.Context().Err() == nil {
			if _, err := db.ExecContext(b.Context(), "INSERT INTO trickle (at) VALUES (NOW(6))"); err != nil && b.Context().Err() == nil {
				b.Errorf("write beside the backup: %v", err)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
}

type pipes struct {
	b      *testing.B
	node   lab.Node
	dir    string
	id     *age.X25519Identity
	s3     inventory.S3
	bucket string // the folder behind s3
}

func (p pipes) file(name string) string { return filepath.Join(p.dir, name) }

// source is the command whose output is backed up.
func (p pipes) source(schema string) string {
	return "mariadb-backup --no-defaults --backup --stream=mbstream --user=root --socket=" + p.node.Socket() + " --databases=" + schema +
		" --tmpdir=" + p.dir + " --target-dir=" + p.dir + " 2>" + p.file("source.log")
}

// A way is a pipe that takes the source's output and leaves a backup.
type way struct {
	name string
	run  func() (stored int64)
}

func (p pipes) compare(data string) {
	peer := func(then string) func() int64 {
		return func() int64 {
			out := p.file("peer")
			p.sh("set -o pipefail; " + strings.ReplaceAll(p.source(data)+" | "+then, "OUT", out))
			return size(p.b, out)
		}
	}
	var hwm []float64
	ours := func(kind string) func() int64 {
		return func() int64 {
			s := p.seal(data, kind)
			hwm = append(hwm, float64(s.Memory)/1e6)
			return s.Stored
		}
	}
	ways := []way{
		{"mariadb-backup | zstd -3 -T2", peer("zstd -3 -T2 -q > OUT")},
		{"ours, compressed", ours("clear")},
		{"the pipe, age, sha256sum", peer("zstd -3 -T2 -q | age -r " + p.id.Recipient().String() + " | tee OUT | sha256sum > OUT.sum")},
		{"ours, encrypted, digests", ours("sealed")},
		{"ours, encrypted, digests, to S3", ours("s3")},
		{"mariadb-backup | zstd -3 -T2, brought to disk", peer("zstd -3 -T2 -q > OUT && sync OUT")},
	}
	plain := p.count(data)
	rates, sizes := make([][]float64, len(ways)), make([]int64, len(ways))
	for range *backupRounds {
		for i, w := range ways {
			var took time.Duration
			undisturbed(p.b, w.name, func() {
				p.clear()
				began := time.Now()
				sizes[i] = w.run()
				took = time.Since(began)
			})
			rates[i] = append(rates[i], float64(plain)/1e6/took.Seconds())
		}
	}
	fmt.Printf("%s rows, %.0f MB of mbstream\n", data, float64(plain)/1e6)
	ratio{what: "  compressed", ours: rates[1], theirs: rates[0], unit: "MB/s", least: 1.2}.print()
	ratio{what: "  compressed, encrypted, digests", ours: rates[3], theirs: rates[2], unit: "MB/s", least: 1.2}.print()
	ratio{what: "  to S3, encrypted, digests, beside the pipe that only compresses", ours: rates[4], theirs: rates[0], unit: "MB/s", least: 0.8}.print()
	ratio{what: "  compressed, both brought to disk", ours: rates[1], theirs: rates[5], unit: "MB/s"}.print()
	fmt.Printf("%-62s %.3f of zstd -3 (wanted: ≤ 1.03)\n", "  size, compressed", float64(sizes[1])/float64(sizes[0]))
	fmt.Printf("%-62s n=%d median %.0f MB, largest %.0f (wanted: ≤ 160)\n", "  largest resident memory of ours", len(hwm), middle(hwm), slices.Max(hwm))
	p.check(data)
}

// check reads the backups of both sides back, in turns.
func (p pipes) check(data string) {
	var ours, theirs []float64
	plain := float64(p.count(data)) / 1e6
	p.clear()
	p.sh("set -o pipefail; " + p.source(data) + " | zstd -3 -T2 -q | age -r " + p.id.Recipient().String() + " > " + p.file("peer"))
	p.seal(data, "sealed")
	for range *backupRounds {
		rate := func(what string, run func()) float64 {
			var took time.Duration
			undisturbed(p.b, what, func() {
				began := time.Now()
				run()
				took = time.Since(began)
			})
			return plain / took.Seconds()
		}
		theirs = append(theirs, rate("age -d | zstd -t", func() {
			p.sh("set -o pipefail; age -d -i " + p.file("key") + " " + p.file("peer") + " | zstd -t -q")
		}))
		ours = append(ours, rate("streaming check", func() { p.helper("check", nil) }))
	}
	ratio{what: "  streaming check beside age -d | zstd -t", ours: ours, theirs: theirs, unit: "MB/s", least: 0.8}.print()
}

func (p pipes) clear() {
	for _, name := range []string{"peer", "peer.sum", "store", "manifest"} {
		check(p.b, os.RemoveAll(p.file(name)))
	}
	inside, err := os.ReadDir(p.bucket)
	check(p.b, err)
	for _, e := range inside {
		check(p.b, os.RemoveAll(filepath.Join(p.bucket, e.Name())))
	}
}

func (p pipes) sh(script string) {
	p.b.Helper()
	if out, err := exec.Command("bash", "-c", script).CombinedOutput(); err != nil {
		log, _ := os.ReadFile(p.file("source.log"))
		p.b.Fatalf("%v\n%s\n%.2000s", err, out, log)
	}
}

// count returns the bytes of the stream.
func (p pipes) count(data string) int64 {
	out := p.file("count")
	p.sh("set -o pipefail; " + p.source(data) + " | wc -c > " + out)
	text, err := os.ReadFile(out)
	check(p.b, err)
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	check(p.b, err)
	return n
}

// A sealing is what a process of ours that sealed a backup says of itself.
type sealing struct{ Stored, Memory int64 }

func (p pipes) seal(data, kind string) sealing {
	source := exec.Command("bash", "-c", p.source(data))
	out, err := source.StdoutPipe()
	check(p.b, err)
	check(p.b, source.Start())
	text := p.helper(kind, out)
	check(p.b, source.Wait())
	var s sealing
	check(p.b, json.Unmarshal(text, &s))
	return s
}

// helper runs this program again as a process of its own, so that its memory and its share of the
// cores are what they are in backupd.
func (p pipes) helper(kind string, in io.Reader) []byte {
	p.b.Helper()
	self, err := os.Executable()
	check(p.b, err)
	cmd := exec.Command(self, "-test.run", "^TestSealingProcess$")
	cmd.Stdin, cmd.Stderr = in, os.Stderr
	s3, err := json.Marshal(p.s3)
	check(p.b, err)
	cmd.Env = append(os.Environ(), "KAGU_BENCH_SEAL="+kind, "KAGU_BENCH_DIR="+p.dir, "KAGU_BENCH_S3="+string(s3))
	said, err := cmd.Output()
	if err != nil {
		p.b.Fatalf("%v\n%s", err, said)
	}
	line, _, _ := strings.Cut(string(said), "\n")
	return []byte(line)
}

// TestSealingProcess is no test: it is the process that BenchmarkBackup starts.
func TestSealingProcess(t *testing.T) {
	kind, dir := os.Getenv("KAGU_BENCH_SEAL"), os.Getenv("KAGU_BENCH_DIR")
	if kind == "" {
		t.Skip("it is started by BenchmarkBackup")
	}
	ctx := context.Background()
	folder := store.NewFolder(filepath.Join(dir, "store"))
	var st store.Store = folder
	private, public, err := backupd.NewSigningKey("bench")
	ok(t, err)
	if text, err := os.ReadFile(filepath.Join(dir, "signing")); err == nil {
		private, public, _ = strings.Cut(string(text), "\n")
	} else {
		ok(t, os.WriteFile(filepath.Join(dir, "signing"), []byte(private+"\n"+public), 0o600))
	}
	key, err := os.ReadFile(filepath.Join(dir, "key"))
	ok(t, err)
	id, err := age.ParseX25519Identity(strings.TrimSpace(string(key)))
	ok(t, err)
	b := inventory.Backupd{SigningKey: inventory.NewSecret(private), Trusted: []string{public}, Identities: []inventory.Secret{inventory.NewSecret(string(key))}}
	if kind == "s3" {
		var c inventory.S3
		ok(t, json.Unmarshal([]byte(os.Getenv("KAGU_BENCH_S3")), &c))
		st, err = store.NewS3(c)
		ok(t, err)
	}
	if kind == "sealed" || kind == "s3" {
		b.Recipients = []string{id.Recipient().String()}
	}
	keys, err := backupd.NewKeys(b)
	ok(t, err)
	v := backupd.Vault{Store: st, Keys: keys}
	if kind == "check" {
		list, err := v.List(ctx, "")
		ok(t, err)
		for _, l := range list {
			ok(t, l.Err)
			_, err := v.Check(ctx, l.Manifest, nil)
			ok(t, err)
		}
		fmt.Println(`{}`)
		return
	}
	ok(t, os.MkdirAll(filepath.Join(dir, "store"), 0o700))
	ok(t, folder.Init())
	begun := time.Now()
	m := backupd.Manifest{
		Format: backupd.Format, ID: backupd.NewID(backupd.Physical, begun), Cluster: "bench", Kind: cluster.KindGalera, Method: backupd.Physical,
		Begun: begun, Sealing: backupd.Sealing{Compression: "zstd", Recipients: b.Recipients},
	}
	s, err := backupd.NewSealer(ctx, st, m.Cluster, m.ID, backupd.SealOptions{Recipients: keys.Recipients})
	ok(t, err)
	w, err := s.Stream(ctx, "data.mbstream")
	ok(t, err)
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{os.Stdin}, make([]byte, 1<<20))
	ok(t, err)
	ok(t, w.Close())
	m.Streams, err = s.Finish()
	ok(t, err)
	m.Ended = time.Now()
	ok(t, v.Save(ctx, m))
	text, err := json.Marshal(sealing{Stored: m.Stored(), Memory: highest(t)})
	ok(t, err)
	fmt.Println(string(text))
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// highest returns the largest resident memory that this process has had, in bytes.
func highest(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	ok(t, err)
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			ok(t, err)
			return kb << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

func size(b *testing.B, path string) int64 {
	b.Helper()
	info, err := os.Stat(path)
	check(b, err)
	return info.Size()
}

// fill makes a schema with rows of about so many bytes. Random-like ones are hex digits of random
// bytes; text-like ones are words.
func fill(b *testing.B, l *lab.Lab, schema string, bytes int64) {
	b.Helper()
	check(b, l.SQL(b.Context(), l.Nodes[0].Name, "CREATE DATABASE "+schema,
		"CREATE TABLE "+schema+".rows (id BIGINT PRIMARY KEY AUTO_INCREMENT, body VARCHAR(1024) NOT NULL) CHARSET latin1"))
	const rowSize, batch = 1000, 20000
	r := rand.New(rand.NewPCG(1, 2))
	for done := int64(0); done < bytes; done += rowSize * batch {
		in, out := io.Pipe()
		mysql.RegisterReaderHandler("rows", func() io.Reader { return in })
		go func() {
			row := make([]byte, 0, rowSize+1)
			for range batch {
				row = body(row[:0], r, schema, rowSize)
				if _, err := out.Write(append(row, '\n')); err != nil {
					break
				}
			}
			out.Close()
		}()
		check(b, l.SQL(b.Context(), l.Nodes[0].Name, "LOAD DATA LOCAL INFILE 'Reader::rows' INTO TABLE "+schema+".rows (body)"))
	}
}

func body(row []byte, r *rand.Rand, schema string, n int) []byte {
	for len(row) < n {
		if schema == "random" {
			row = fmt.Appendf(row, "%016x", r.Uint64())
		} else {
			row = append(row, words[int(r.ExpFloat64()*20)%len(words)]...)
			row = append(row, ' ')
		}
	}
	return row[:n]
}

var words = strings.Fields(`customer invoice payment amount date reference number account service internet telephone television monthly contract
	line address city street postal code name first last email mobile order delivered pending cancelled renewed upgrade fibre modem router decoder
	installation technician appointment morning afternoon confirmed please contact support ticket closed opened waiting answer network outage restored`)
