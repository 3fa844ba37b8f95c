package node

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestAStreamIsWholeOnlyWithItsTrailer(t *testing.T) {
	header := Reply{Version: Version, Verb: Backup, Stream: &Stream{Format: FormatMBStream}}
	done := func(bytes uint64) Reply {
		return Reply{Version: Version, Verb: Backup, Done: true, Stream: &Stream{Bytes: bytes, ToLSN: 7}}
	}
	stream := func(write ...func(*Sender) error) []byte {
		var b bytes.Buffer
		s := NewSender(&b)
		for _, w := range write {
			if err := w(s); err != nil {
				t.Fatal(err)
			}
		}
		return b.Bytes()
	}
	head := func(r Reply) func(*Sender) error { return func(s *Sender) error { return s.Header(r) } }
	tail := func(r Reply) func(*Sender) error { return func(s *Sender) error { return s.Trailer(r) } }
	data := func(text string) func(*Sender) error {
		return func(s *Sender) error { _, err := s.Write([]byte(text)); return err }
	}
	beat := (*Sender).Beat
	whole := stream(beat, head(header), data("abc"), beat, data("de"), beat, tail(done(5)))
	long := strings.Repeat("x", MaxFrame+3)
	for _, tc := range []struct {
		name    string
		stream  []byte
		want    string // what arrives, without an error
		err     string
		refused string
		failed  string
	}{
		{name: "whole, with beats anywhere", stream: whole, want: "abcde"},
		{name: "empty and whole", stream: stream(head(header), tail(done(0)))},
		{name: "longer than a frame", stream: stream(head(header), data(long), tail(done(MaxFrame+3))), want: long},
		{name: "it failed in the middle", stream: stream(head(header), data("abc"), tail(Reply{Version: Version, Verb: Backup, Error: "disk"})), want: "abc", failed: "disk"},
		{name: "refused", stream: stream(head(Reply{Version: Version, Verb: Backup, Refused: "it is a donor"})), refused: "donor"},
		{name: "refused by one that knows no frames", stream: []byte(`{"v":1,"verb":"","done":false,"refused":"bad request: verb"}` + "\n"), refused: "bad request"},

		{name: "nothing", err: "cut short"},
		{name: "a shell's greeting", stream: []byte("Welcome to db1!\n"), err: "docs/hosts.md"},
		{name: "no header", stream: stream(data("abc"), tail(done(3))), err: "does not begin with its header"},
		{name: "no trailer", stream: stream(head(header), data("abc")), err: "cut short"},
		{name: "a byte is missing", stream: stream(head(header), data("abc"), tail(done(4))), err: "3 bytes arrived, 4 were sent"},
		{name: "something behind the trailer", stream: append(bytes.Clone(whole), 0), err: "follows the end"},
		{name: "something behind a refusal", stream: stream(head(Reply{Version: Version, Verb: Backup, Refused: "no"}), data("x")), err: "follows the end"},
		{name: "two headers", stream: stream(head(header), head(header)), err: "in the middle"},
		{name: "the trailer refuses", stream: stream(head(header), tail(Reply{Version: Version, Verb: Backup, Refused: "no"})), err: "one of done and error"},
		{name: "the trailer is of another verb", stream: stream(head(header), tail(Reply{Version: Version, Verb: Collect, Done: true, Stream: &Stream{}})), err: "asked was"},
		{name: "a header that says done", stream: stream(head(done(0))), err: "neither opens"},
		{name: "a frame that is too long", stream: append(stream(head(header)), 'D', 0xff, 0xff, 0xff, 0xff), err: "a frame of 4294967295 bytes"},
		{name: "an empty frame of data", stream: append(stream(head(header)), 'D', 0, 0, 0, 0), err: "a frame of 0 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got bytes.Buffer
			reply, err := Receive(iotest.OneByteReader(bytes.NewReader(tc.stream)), Backup, &got, nil)
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Fatalf("got %v, want %q", err, tc.err)
			}
			if err != nil {
				return
			}
			if got.String() != tc.want || !strings.Contains(reply.Refused, tc.refused) || !strings.Contains(reply.Error, tc.failed) || reply.Done != (tc.refused+tc.failed == "") {
				t.Errorf("%d bytes, %+v", got.Len(), reply)
			}
		})
	}
	t.Run("cut anywhere, it is an error", func(t *testing.T) {
		for n := range len(whole) {
			if _, err := Receive(bytes.NewReader(whole[:n]), Backup, io.Discard, nil); !errors.Is(err, ErrCut) {
				t.Errorf("cut at %d of %d: %v", n, len(whole), err)
			}
		}
	})
	t.Run("who takes it fails", func(t *testing.T) {
		_, err := Receive(bytes.NewReader(whole), Backup, failing{}, nil)
		if err == nil || !strings.Contains(err.Error(), "store is full") {
			t.Error(err)
		}
	})
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("store is full") }

func TestPartsEndWhereTheirSenderSaysSo(t *testing.T) {
	var b bytes.Buffer
	s := NewSender(&b)
	for _, part := range []string{"full", "more"} {
		if _, err := s.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Beat(), s.Part()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.End(); err != nil {
		t.Fatal(err)
	}
	read := func(from []byte) (parts []string, err error) {
		p := NewParts(bytes.NewReader(from))
		for {
			if err := p.Next(); err != nil {
				return parts, err
			}
			text, err := io.ReadAll(p)
			if err != nil {
				return parts, err
			}
			parts = append(parts, string(text))
		}
	}
	parts, err := read(b.Bytes())
	if !errors.Is(err, io.EOF) || strings.Join(parts, "|") != "full|more" {
		t.Errorf("%q, %v", parts, err)
	}
	for n := range b.Len() {
		if parts, err := read(b.Bytes()[:n]); !errors.Is(err, ErrCut) {
			t.Errorf("cut at %d of %d: %q, %v", n, b.Len(), parts, err)
		}
	}
}

func FuzzReceive(f *testing.F) {
	var b bytes.Buffer
	s := NewSender(&b)
	_ = s.Header(Reply{Version: Version, Verb: Backup, Stream: &Stream{Format: FormatMBStream}})
	_, _ = s.Write([]byte("abc"))
	_ = s.Trailer(Reply{Version: Version, Verb: Backup, Done: true, Stream: &Stream{Bytes: 3}})
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:20])
	f.Add([]byte(`{"v":1,"verb":"backup","done":false,"refused":"no"}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var got bytes.Buffer
		reply, err := Receive(bytes.NewReader(text), Backup, &got, nil)
		if err == nil && reply.Done && (reply.Stream == nil || reply.Stream.Bytes != uint64(got.Len())) {
			t.Errorf("accepted %d bytes as %+v", got.Len(), reply)
		}
		if err == nil && !reply.Done && reply.Err() == nil {
			t.Errorf("neither done nor failed: %+v", reply)
		}
		p := NewParts(bytes.NewReader(text))
		for {
			if err := p.Next(); err != nil {
				break
			}
			if _, err := io.Copy(io.Discard, p); err != nil {
				break
			}
		}
	})
}
