package sshrun_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/sshrun"
	"github.com/kagu-db/kagu/internal/sshrun/sshtest"
)

const patient = time.Minute

func TestStreamsBothWays(t *testing.T) {
	s := sshtest.Start(t, "")
	runner := sshrun.Runner{Account: s.Account}
	random := rand.NewChaCha8([32]byte{1})
	input := make([]byte, 8<<20)
	_, _ = random.Read(input)

	t.Run("megabytes through cat, and an exit code", func(t *testing.T) {
		got := sha256.New()
		result, err := runner.Stream(t.Context(), s.Host, "cat; echo bye >&2; exit 3", patient, func(stdout io.Reader, stdin io.WriteCloser) error {
			sent := make(chan error, 1)
			go func() {
				_, err := stdin.Write(input)
				sent <- errors.Join(err, stdin.Close())
			}()
			_, err := io.Copy(got, stdout)
			return errors.Join(err, <-sent)
		})
		if err != nil || result.Exit != 3 || result.Stderr != "bye\n" || fmt.Sprintf("%x", got.Sum(nil)) != fmt.Sprintf("%x", sha256.Sum256(input)) {
			t.Errorf("%v %+v", err, result)
		}
	})
	t.Run("talk's own error ends it and comes back as it is", func(t *testing.T) {
		mine := errors.New("the store is full")
		_, err := runner.Stream(t.Context(), s.Host, "cat /dev/zero", patient, func(stdout io.Reader, _ io.WriteCloser) error {
			_, err := io.CopyN(io.Discard, stdout, 4<<20)
			return errors.Join(mine, err)
		})
		if !errors.Is(err, mine) {
			t.Error(err)
		}
	})
	t.Run("a host that sends nothing is given up", func(t *testing.T) {
		_, err := runner.Stream(t.Context(), s.Host, "echo first; sleep 60", 500*time.Millisecond, read)
		if !errors.Is(err, sshrun.ErrTimeout) || !strings.Contains(err.Error(), "sent nothing for 500ms") || !strings.Contains(err.Error(), "ssh -v") {
			t.Error(err)
		}
	})
	t.Run("who reads slowly is not a host that sends nothing", func(t *testing.T) {
		var got bytes.Buffer
		slowly := func(idle time.Duration) error {
			got.Reset()
			_, err := runner.Stream(t.Context(), s.Host, "echo first; echo second", idle, func(stdout io.Reader, _ io.WriteCloser) error {
				one := make([]byte, 1)
				for {
					n, err := stdout.Read(one)
					got.Write(one[:n])
					if err != nil {
						return eof(err)
					}
					if got.Len() == 3 {
						time.Sleep(2 * idle) // a store that is busy
					}
				}
			})
			return err
		}
		idle := 300 * time.Millisecond
		err := slowly(idle)
		for err != nil && got.Len() == 0 && idle < patient { // a busy machine takes longer to begin
			idle *= 2
			err = slowly(idle)
		}
		if err != nil || got.String() != "first\nsecond\n" {
			t.Errorf("%v %q", err, got.String())
		}
	})
	t.Run("the context ends it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := runner.Stream(ctx, s.Host, "echo first; sleep 60", patient, func(stdout io.Reader, _ io.WriteCloser) error {
			cancel()
			return read(stdout, nil)
		})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Run("a command that is killed is a broken connection", func(t *testing.T) {
		_, err := runner.Stream(t.Context(), s.Host, "kill -9 $$", patient, read)
		if !errors.Is(err, sshrun.ErrUnreachable) {
			t.Error(err)
		}
	})
	t.Run("a host that is not there", func(t *testing.T) {
		away := s
		listenOnce(t, &away, nil)
		_, err := sshrun.Runner{Account: away.Account}.Stream(t.Context(), away.Host, "true", patient, read)
		broken, ok := errors.AsType[*sshrun.Error](err)
		if !ok || broken.Sent || !errors.Is(err, sshrun.ErrUnreachable) {
			t.Error(err)
		}
	})
}

func read(stdout io.Reader, _ io.WriteCloser) error {
	_, err := io.Copy(io.Discard, stdout)
	return err
}

func eof(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// BenchmarkStream compares with OpenSSH's client, over loopback and the same sshd, in time and in
// the client's own processor time. Run it with -bench=Stream -benchtime=5x.
func BenchmarkStream(b *testing.B) {
	s := sshtest.Start(b, "")
	const size = 512 << 20
	command := fmt.Sprintf("head -c %d /dev/zero", size)
	b.Run("sshrun", func(b *testing.B) {
		b.SetBytes(size)
		before := spent(b, syscall.RUSAGE_SELF)
		defer func() { perGB(b, spent(b, syscall.RUSAGE_SELF)-before, size) }()
		for b.Loop() {
			if _, err := (sshrun.Runner{Account: s.Account}).Stream(b.Context(), s.Host, command, patient, func(stdout io.Reader, _ io.WriteCloser) error {
				_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, stdout, make([]byte, 256<<10))
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("openssh", func(b *testing.B) {
		b.SetBytes(size)
		before := spent(b, syscall.RUSAGE_CHILDREN)
		defer func() { perGB(b, spent(b, syscall.RUSAGE_CHILDREN)-before, size) }()
		for b.Loop() {
			cmd := exec.CommandContext(b.Context(), "ssh", "-p", fmt.Sprint(s.Host.SSHPort), "-i", s.Account.KeyFile, "-o", "UserKnownHostsFile="+s.Account.KnownHostsFile,
				"-o", "Ciphers=aes128-gcm@openssh.com", s.Account.User+"@"+s.Host.Address, command)
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err == nil {
				_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{out}, make([]byte, 256<<10))
			}
			if err = errors.Join(err, cmd.Wait()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// spent is the processor time of this process, or of the children it has waited for.
func spent(b *testing.B, who int) time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(who, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

func perGB(b *testing.B, cpu time.Duration, size int) {
	b.ReportMetric(cpu.Seconds()/(float64(b.N)*float64(size)/1e9), "cpu-s/GB")
}
