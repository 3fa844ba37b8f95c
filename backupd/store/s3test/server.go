package s3test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/needs"
)

// A Server is a running versitygw.
type Server struct {
	URL string
	// Data is the folder of the buckets, one folder each, with the objects as files in it.
	Data string
	// Admin may do everything.
	Admin *minio.Client

	t         testing.TB
	program   string
	dir, port string
	keys      [2]string
	process   *exec.Cmd
	log       bytes.Buffer
}

// Start starts a server, which ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	needs.Servers(t)
	s := &Server{
		t: t, program: program(t), dir: t.TempDir(), port: needs.Port(t, "127.0.0.1"),
		keys: [2]string{"admin" + rand.Text()[:8], rand.Text()},
	}
	s.URL = "http://" + net.JoinHostPort("127.0.0.1", s.port)
	s.Data = filepath.Join(s.dir, "data")
	for _, name := range []string{"data", "versions", "accounts"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	admin, err := minio.New(net.JoinHostPort("127.0.0.1", s.port), &minio.Options{
		Creds: credentials.NewStaticV4(s.keys[0], s.keys[1], ""), Region: "us-east-1", BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Admin = admin
	t.Cleanup(s.Stop)
	s.Up()
	return s
}

// built is the path of the program. go builds it once for all tests, and keeps it in its cache.
var built = sync.OnceValues(func() (string, error) {
	module, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	tools := filepath.Join(filepath.Dir(strings.TrimSpace(string(module))), "tools", "go.mod")
	cmd := exec.Command("go", "tool", "-modfile="+tools, "-n", "versitygw")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var said bytes.Buffer
	cmd.Stderr = &said
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("versitygw cannot be built: go tool -modfile=tools/go.mod -n versitygw: %w: %s", err, said.String())
	}
	return strings.TrimSpace(string(path)), nil
})

func program(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		needs.Missing(t, err)
	}
	return path
}

// Up starts the server if it is stopped, with the same port and data.
func (s *Server) Up() {
	s.t.Helper()
	s.process = exec.Command(s.program, "--port", net.JoinHostPort("127.0.0.1", s.port), "--iam-dir", filepath.Join(s.dir, "accounts"),
		"--iam-cache-disable", "--quiet", "--keep-alive", "posix", "--versioning-dir", filepath.Join(s.dir, "versions"), s.Data)
	s.process.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+s.keys[0], "ROOT_SECRET_ACCESS_KEY="+s.keys[1])
	s.process.Stdout, s.process.Stderr = &s.log, &s.log
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get(s.URL)
		if err == nil {
			answer.Body.Close()
			return
		}
		if time.Since(begun) > time.Minute {
			s.Stop()
			s.t.Fatalf("versitygw does not answer: %v\n%s", err, s.log.String())
		}
	}
}

// Stop kills the server.
func (s *Server) Stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill() // it may have ended
	_ = s.process.Wait()         // by our signal
	s.process = nil
}

// Bucket makes a bucket and returns it as kagu.yaml would describe it, with the keys of an account
// of its own that owns it. With lock, objects can be locked in it.
func (s *Server) Bucket(name string, lock bool) inventory.S3 {
	s.t.Helper()
	access, secret := s.Account()
	if err := s.Admin.MakeBucket(context.Background(), name, minio.MakeBucketOptions{ObjectLocking: lock}); err != nil {
		s.t.Fatalf("make the bucket %s: %v", name, err)
	}
	s.administer("change-bucket-owner", "--bucket", name, "--owner", access)
	return s.Config(name, access, secret)
}

// Config returns a bucket as kagu.yaml would describe it for an account.
func (s *Server) Config(bucket, access, secret string) inventory.S3 {
	s.t.Helper()
	c := inventory.S3{Endpoint: s.URL, Region: "us-east-1", Bucket: bucket, PathStyle: true}
	c.AccessKeyFile, c.SecretKeyFile = KeyFiles(s.t, access, secret)
	return c
}

// Root returns a bucket with the keys of the server's own account, whom no policy binds.
func (s *Server) Root(bucket string) inventory.S3 {
	s.t.Helper()
	return s.Config(bucket, s.keys[0], s.keys[1])
}

// Account makes an account that may do what a bucket's owner or policy says.
func (s *Server) Account() (access, secret string) {
	s.t.Helper()
	access, secret = "user"+rand.Text()[:10], rand.Text()
	s.administer("create-user", "--access", access, "--secret", secret, "--role", "user")
	return access, secret
}

// Remove removes an account, so that its keys are refused.
func (s *Server) Remove(access string) {
	s.t.Helper()
	s.administer("delete-user", "--access", access)
}

func (s *Server) administer(args ...string) {
	s.t.Helper()
	cmd := exec.Command(s.program, append([]string{"admin", "--endpoint-url", s.URL}, args...)...)
	cmd.Env = append(os.Environ(), "ADMIN_ACCESS_KEY_ID="+s.keys[0], "ADMIN_SECRET_ACCESS_KEY="+s.keys[1])
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("versitygw admin %s: %v\n%s", args[0], err, out)
	}
}

// KeyFiles writes keys into files as kagu.yaml names them.
func KeyFiles(t testing.TB, access, secret string) (accessFile, secretFile string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"access": access, "secret": secret} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "access"), filepath.Join(dir, "secret")
}

// Allow sets the policy of a bucket.
func (s *Server) Allow(t testing.TB, policy, bucket string) {
	t.Helper()
	if err := s.Admin.SetBucketPolicy(context.Background(), bucket, policy); err != nil {
		t.Fatalf("set the policy of %s: %v\n%s", bucket, err, policy)
	}
}
