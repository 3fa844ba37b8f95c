package host

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/kagu-db/kagu/internal/mbstream"
	"github.com/kagu-db/kagu/internal/node"
)

// The files in which mariadb-backup says what a backup holds. Their names changed with the tool's.
var (
	checkpointFiles = []string{"xtrabackup_checkpoints", "mariadb_backup_checkpoints"}
	galeraFiles     = []string{"xtrabackup_galera_info", "mariadb_backup_galera_info"}
	binlogFiles     = []string{"xtrabackup_binlog_info", "mariadb_backup_binlog_info"}
)

func isPosition(name string) bool {
	name = path.Base(name)
	for _, names := range [][]string{galeraFiles, binlogFiles} {
		for _, known := range names {
			if name == known {
				return true
			}
		}
	}
	return false
}

// readFacts reads the tool's notes: of the LSNs from the folder it left them in, of the position
// from the stream.
func readFacts(dir string, scan *mbstream.Scanner, into *node.Stream) error {
	text, err := firstOf(checkpointFiles, func(name string) ([]byte, error) { return readRegular(filepath.Join(dir, name), maxState) })
	if err != nil {
		return err
	}
	if err := parseCheckpoints(string(text), into); err != nil {
		return err
	}
	kept := func(name string) ([]byte, error) {
		content, ok := scan.Kept(name)
		if !ok {
			return nil, fmt.Errorf("there is no %s in it", name)
		}
		return content, nil
	}
	if text, err = firstOf(galeraFiles, kept); err != nil {
		return err
	}
	if err := parseGaleraInfo(string(text), into); err != nil {
		return err
	}
	if text, err = firstOf(binlogFiles, kept); err != nil {
		return nil // the server writes no binary log
	}
	return parseBinlogInfo(string(text), into)
}

// firstOf returns the first that there is, or the first one's error.
func firstOf(names []string, read func(string) ([]byte, error)) ([]byte, error) {
	var first error
	for _, name := range names {
		text, err := read(name)
		if err == nil {
			return text, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, fmt.Errorf("what the backup holds is not known: %w", first)
}

// parseCheckpoints reads lines of "name = value".
func parseCheckpoints(text string, into *node.Stream) error {
	lsn := map[string]*uint64{"from_lsn": &into.FromLSN, "to_lsn": &into.ToLSN, "last_lsn": &into.LastLSN}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, "=")
		to, ok := lsn[strings.TrimSpace(name)]
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
		if err != nil {
			return fmt.Errorf("the backup's %s is %q", strings.TrimSpace(name), clean(value, 40))
		}
		*to = n
	}
	if into.ToLSN == 0 {
		return fmt.Errorf("the backup does not say up to which LSN it goes")
	}
	return nil
}

var galeraShape = regexp.MustCompile(`^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([0-9]{1,18})(?:\s|$)`)

// parseGaleraInfo reads "uuid:seqno", and what newer tools write behind it.
func parseGaleraInfo(text string, into *node.Stream) error {
	part := galeraShape.FindStringSubmatch(text)
	if part == nil || part[1] == zeroUUID {
		return fmt.Errorf("the backup's position in the cluster is %q", clean(text, 80))
	}
	seqno, err := strconv.ParseInt(part[2], 10, 64)
	if err != nil {
		return err
	}
	into.UUID, into.Seqno = part[1], seqno
	return nil
}

// parseBinlogInfo reads file, position and GTID, with tabs between them.
func parseBinlogInfo(text string, into *node.Stream) error {
	field := strings.Split(strings.TrimRight(text, "\r\n"), "\t")
	if len(field) < 2 || field[0] == "" || strings.ContainsAny(field[0], "/\\") {
		return fmt.Errorf("the backup's position in the binary log is %q", clean(text, 80))
	}
	pos, err := strconv.ParseUint(field[1], 10, 64)
	if err != nil {
		return fmt.Errorf("the backup's position in the binary log is %q", clean(text, 80))
	}
	into.Binlog = &node.Binlog{File: clean(field[0], 200), Pos: pos}
	if len(field) > 2 {
		into.Binlog.GTID = clean(field[2], 500)
	}
	return nil
}
