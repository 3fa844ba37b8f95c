package ndb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/mgm"
)

// The streams of a native backup, beside one "node-N.tar" for each data node.
const (
	aboutStream       = "about.json"
	definitionsStream = "sql.definitions"
	eventsStream      = "sql.events"
	configStream      = "config.ini"
)

func nodeStream(id int) string { return fmt.Sprintf("node-%d.tar", id) }

// What a restore puts into its folder for a human.
const (
	definitionsFile = "definitions.sql"
	eventsFile      = "events.sql"
	configFile      = "original-config.ini"
)

// About is what a restore must know of a backup and cannot read from its files.
type About struct {
	Done    Done                `json:"done"`
	Nodes   map[int][]File      `json:"nodes"`             // by data node: the files of its part
	Memory  uint64              `json:"memory"`            // bytes of DataMemory that one copy of the data takes; 0 if not known
	Schemas []string            `json:"schemas"`           // statements that make them
	Keyed   []string            `json:"keyed,omitempty"`   // SCHEMA.TABLE of those with foreign keys
	Applied []map[string]string `json:"applied,omitempty"` // mysql.ndb_apply_status: what it had applied of other clusters
}

// maxAbout bounds what is read back.
const maxAbout = 64 << 20

func readAbout(ctx context.Context, from backupd.Source) (About, error) {
	var a About
	text, err := readAll(ctx, from, aboutStream, maxAbout)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return a, fmt.Errorf("read %s of the backup: %w", aboutStream, err)
	}
	return a, nil
}

// readAll reads a small stream.
func readAll(ctx context.Context, from backupd.Source, name string, most int64) ([]byte, error) {
	body, err := from.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(body, most+1))
	if err := errors.Join(err, body.Close()); err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("stream %s is larger than %d bytes", name, most)
	}
	return text, nil
}

// readDefinitions returns the scripts that a backup holds, by the names that they have in the folder
// of a restore.
func readDefinitions(ctx context.Context, link backupd.Link) (map[string][]byte, error) {
	scripts := map[string][]byte{}
	for stream, file := range map[string]string{definitionsStream: definitionsFile, eventsStream: eventsFile} {
		if !slices.ContainsFunc(link.Manifest.Streams, func(s backupd.Stream) bool { return s.Name == stream }) {
			continue // events were once in the first
		}
		text, err := readAll(ctx, link.Source, stream, 1<<30)
		if err != nil {
			return nil, fmt.Errorf("read the definitions of the backup: %w", err)
		}
		scripts[file] = text
	}
	if scripts[definitionsFile] == nil {
		return nil, fmt.Errorf("backup %s holds no definitions", link.Manifest.ID)
	}
	return scripts, nil
}

// write writes a small stream.
func write(ctx context.Context, to backupd.Sink, name string, text []byte) error {
	w, err := to.Stream(ctx, name)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return errors.Join(err, w.Close())
}

// configText writes the configuration in the form of config.ini, as a management server tells it:
// the defaults of the release filled in.
func configText(sections []mgm.TextSection) []byte {
	var b strings.Builder
	b.WriteString("# As the management server told it to kagu, with the defaults of its release.\n")
	for _, s := range sections {
		fmt.Fprintf(&b, "\n[%s]\n", s.Name)
		for _, v := range s.Settings {
			fmt.Fprintf(&b, "%s=%s\n", v.Name, v.Value)
		}
	}
	return []byte(b.String())
}
