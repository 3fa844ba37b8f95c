package ndb

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/node"
)

// nodesOf returns the data nodes whose parts a backup holds.
func nodesOf(m backupd.Manifest) ([]int, error) {
	var ids []int
	for _, s := range m.Streams {
		rest, found := strings.CutPrefix(s.Name, "node-")
		digits, tarred := strings.CutSuffix(rest, ".tar")
		if id, err := strconv.Atoi(digits); found && tarred && err == nil && id > 0 {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("backup %s holds no data node's part", m.ID)
	}
	return ids, nil
}

// unpack writes every part into a folder of its own below dir. A part that is damaged is an error:
// its source says so before its last byte. collected is what the backup says of its parts.
func unpack(ctx context.Context, link backupd.Link, collected map[int][]File, dir string, tell func(detail string)) error {
	ids, err := nodesOf(link.Manifest)
	if err != nil {
		return err
	}
	for _, id := range ids {
		tell(fmt.Sprintf("the part of node %d", id))
		into := partDir(dir, id)
		if err := os.RemoveAll(into); err != nil { // of a try that was cut short
			return err
		}
		files, err := unpackPart(ctx, link, id, into)
		if err == nil {
			err = errors.Join(whole(id, link.Manifest.Position.Backup, files), same(collected[id], files))
		}
		if err != nil {
			return fmt.Errorf("unpack the part of node %d: %w", id, err)
		}
	}
	return nil
}

func partDir(dir string, node int) string { return filepath.Join(dir, fmt.Sprintf("node-%d", node)) }

func unpackPart(ctx context.Context, link backupd.Link, node int, into string) ([]File, error) {
	body, err := link.Source.Open(ctx, nodeStream(node))
	if err != nil {
		return nil, err
	}
	files, err := untar(body, node, link.Manifest.Position.Backup, into)
	if err == nil { // the stream may be longer than its tar, and must be sound to its end
		_, err = io.Copy(io.Discard, body)
	}
	return files, errors.Join(err, body.Close())
}

// untar takes files of a backup and nothing else from a tar.
func untar(from io.Reader, member int, id uint32, into string) ([]File, error) {
	a := assembly{into: into}
	for in := tar.NewReader(from); ; {
		h, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return a.files, nil
		case err != nil:
			return nil, err
		case h.Typeflag == tar.TypeDir:
			continue
		case h.Typeflag != tar.TypeReg:
			return nil, fmt.Errorf("%+.120q is no plain file", h.Name)
		}
		name, offset, chunk := node.ParseChunk(h.Name)
		if !chunk {
			name = h.Name
		}
		if _, _, _, err := named(name, member, id); err != nil {
			return nil, err
		}
		if err := a.put(withoutTop(name), chunk, offset, h.Size, in); err != nil {
			return nil, err
		}
	}
}
