package node

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxRequest is the size of the largest request that is read, in bytes.
const MaxRequest = 4 << 10

// MaxAhead is how far in the future NotAfter may be. It bounds how late a request can be
// carried out, and how long its ID must be remembered.
const MaxAhead = 2 * time.Minute

// The longest By and Why, in bytes.
const (
	maxBy  = 64
	maxWhy = 256
)

var (
	nameShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	lineage   = regexp.MustCompile(`^[0-9a-f]{16}$`)
	idShape   = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)
	keys      = []string{
		"v", "verb", "cluster", "node", "id", "not_after", "by", "why", "operator",
		"since", "lineage", "parallel", "rate", "desync", "alone", "backup_id", "follow", "consent",
	}
)

// Encode writes the request as it travels: JSON in base64 with the URL alphabet. It refuses
// what ParseRequest would refuse.
func (r Request) Encode() (string, error) {
	if err := r.Valid(); err != nil {
		return "", err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	wire := base64.RawURLEncoding.EncodeToString(text)
	if len(wire) > MaxRequest {
		return "", fmt.Errorf("request is larger than %d bytes", MaxRequest)
	}
	return wire, nil
}

// ParseRequest reads a request, either as it travels or as plain JSON for whoever types it.
// It refuses everything that it does not know: other keys, a key given twice, anything after
// the object, another version.
func ParseRequest(text []byte) (Request, error) {
	if len(text) > MaxRequest {
		return Request{}, fmt.Errorf("request is larger than %d bytes", MaxRequest)
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return Request{}, errors.New("request is empty")
	}
	if text[0] != '{' {
		plain, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
		if err != nil {
			return Request{}, errors.New("request is neither a JSON object nor base64 of one")
		}
		text = plain
	}
	if !utf8.Valid(text) {
		return Request{}, errors.New("request is not UTF-8")
	}
	if err := flat(text); err != nil {
		return Request{}, err
	}
	var r Request
	if err := json.Unmarshal(text, &r); err != nil {
		return Request{}, fmt.Errorf("read request: %w", err)
	}
	return r, r.Valid()
}

// flat checks that the text is one JSON object of known keys, each given once and spelled
// exactly, whose values are neither null nor nested. The decoder alone would let pass a
// repeated key (last one wins), another case, and null.
func flat(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("request is not a JSON object")
	}
	var seen []string
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		key, _ := token.(string) // inside an object the decoder gives strings only
		if !slices.Contains(keys, key) {
			return unknownKey(key)
		}
		if slices.Contains(seen, key) {
			return fmt.Errorf("request has the key %q twice", key)
		}
		seen = append(seen, key)
		value, err := d.Token()
		if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		if _, nested := value.(json.Delim); nested || value == nil {
			return fmt.Errorf("key %q must be a plain value", key)
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("request has something after the object")
	}
	return nil
}

// unknownKey is how a kagu-node says that it is older than who asks. Those that are out there say it in
// these words, and clients know them by it.
func unknownKey(key string) error { return fmt.Errorf("request has an unknown key %+.40q", key) }

// Valid tells what is wrong with the request by itself, without a look at host or clock.
func (r Request) Valid() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if r.Version != Version {
		bad("version is %d, this kagu-node speaks %d: install the same release on both sides", r.Version, Version)
	}
	if !slices.Contains(Verbs(), r.Verb) {
		bad("verb %+.40q is not one of %s", string(r.Verb), verbs())
	}
	if !nameShape.MatchString(r.Cluster) {
		bad("cluster %+.70q is not a name", r.Cluster)
	}
	if !nameShape.MatchString(r.Node) {
		bad("node %+.70q is not a name", r.Node)
	}
	if !printable(r.By, maxBy) {
		bad("by must be at most %d bytes of printable text", maxBy)
	}
	if !printable(r.Why, maxWhy) {
		bad("why must be at most %d bytes of printable text", maxWhy)
	}
	changes := r.Verb != Report
	if (changes || r.ID != "") && !idShape.MatchString(r.ID) {
		bad("id must be 8 to 64 of letters, digits, - and _")
	}
	if changes && r.NotAfter.IsZero() {
		bad("not_after is missing")
	}
	if changes && r.By == "" {
		bad("by is missing")
	}
	return errors.Join(append(errs, r.validArguments()...)...)
}

// validArguments checks what only some verbs take. What a verb does not take is refused rather
// than ignored: who sent it meant something by it.
func (r Request) validArguments() []error {
	var errs []error
	of := func(key string, given bool, verbs ...Verb) {
		if given && !slices.Contains(verbs, r.Verb) {
			errs = append(errs, fmt.Errorf("verb %+.40q takes no %s", string(r.Verb), key))
		}
	}
	of("since", r.Since != 0, Backup)
	of("lineage", r.Lineage != "", Backup)
	of("parallel", r.Parallel != 0, Backup)
	of("rate", r.Rate != 0, Backup)
	of("desync", r.Desync, Backup)
	of("alone", r.Alone, Backup)
	of("backup_id", r.BackupID != 0, Collect, Discard)
	of("follow", r.Follow, Collect)
	of("consent", r.Consent != "", Restore)
	if (r.Since != 0) != (r.Lineage != "") || r.Lineage != "" && !lineage.MatchString(r.Lineage) {
		errs = append(errs, errors.New("since and lineage are the to_lsn and the lineage of the backup that this one follows: give both or none"))
	}
	if r.Parallel < 0 || r.Parallel > MaxParallel {
		errs = append(errs, fmt.Errorf("parallel must be 1 to %d", MaxParallel))
	}
	if r.Rate != 0 && r.Rate < MinRate {
		errs = append(errs, fmt.Errorf("rate must be %d bytes a second or more, or left out", MinRate))
	}
	if r.BackupID == 0 && (r.Verb == Collect || r.Verb == Discard) {
		errs = append(errs, errors.New("backup_id is missing"))
	}
	if r.Consent != "" && (r.Consent != r.Cluster+"/"+r.Node || !r.Operator) {
		errs = append(errs, errors.New("consent must be an operator's, and the text cluster/node of the node that it is for"))
	}
	return errs
}

func verbs() string {
	var names []string
	for _, v := range Verbs() {
		names = append(names, string(v))
	}
	return strings.Join(names, ", ")
}

// Late tells whether the request comes too late, or allows itself too much time, at now.
func (r Request) Late(now time.Time) error {
	switch {
	case now.After(r.NotAfter):
		return fmt.Errorf("it came %v after its not_after; do the clocks agree? This host has %s",
			now.Sub(r.NotAfter).Round(time.Millisecond), now.UTC().Format(time.RFC3339))
	case r.NotAfter.Sub(now) > MaxAhead:
		return fmt.Errorf("its not_after is %v ahead, more than %v; do the clocks agree? This host has %s",
			r.NotAfter.Sub(now).Round(time.Second), MaxAhead, now.UTC().Format(time.RFC3339))
	}
	return nil
}

// printable refuses control characters, and with them line breaks, escape sequences and the
// invisible characters that reverse or hide text on a terminal.
func printable(text string, longest int) bool {
	return len(text) <= longest && utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) })
}
