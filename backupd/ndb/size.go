package ndb

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// What a throw-away cluster needs beside the data: measured with 9.7.2, rounded up.
const (
	serversMemory = 1200 << 20 // the management server, a data node without its data, mysqld
	serversDisk   = 1 << 30    // an empty data directory, redo log, undo log
)

// size says how large a throw-away cluster must be.
type size struct {
	dataMemory uint64
	disk       uint64
	limits     map[string]uint64 // parameters that bound how many tables and such there may be
}

// limits are the parameters that a cluster must have at least as large as the one that was backed up.
var limits = []string{
	"MaxNoOfTables", "MaxNoOfAttributes", "MaxNoOfOrderedIndexes", "MaxNoOfUniqueHashIndexes", "MaxNoOfTriggers",
	"MaxNoOfConcurrentOperations", "LongMessageBuffer", "SharedGlobalMemory", "DiskPageBufferMemory",
}

// sizeOf sizes a cluster of one data node by what the whole original held.
func sizeOf(a About, config []byte) size {
	s := size{limits: map[string]uint64{}}
	var parts uint64
	for _, files := range a.Nodes {
		for _, f := range files {
			parts += uint64(max(f.Size, 0))
		}
	}
	s.dataMemory = a.Memory + a.Memory/4 + 64<<20
	if a.Memory == 0 { // not known: rows take less room in a backup than in memory
		s.dataMemory = 3*parts + 64<<20
	}
	// The parts, the checkpoints, and the redo log until they are written.
	s.disk = parts + 3*s.dataMemory + serversDisk
	for section := range strings.SplitSeq(string(config), "\n[") {
		if !strings.HasPrefix(strings.TrimPrefix(section, "["), "ndbd") {
			continue
		}
		for line := range strings.SplitSeq(section, "\n") {
			key, value, _ := strings.Cut(line, "=")
			for _, name := range limits {
				if n, err := strconv.ParseUint(value, 10, 63); key == name && err == nil {
					s.limits[name] = max(s.limits[name], n)
				}
			}
		}
	}
	return s
}

// fits says what this machine lacks.
func (s size) fits(dir string) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return fmt.Errorf("ask how much room there is in %s: %w", dir, err)
	}
	if free := disk.Bavail * uint64(disk.Bsize); free < s.disk {
		return fmt.Errorf("%s has %s free and the restore needs %s: make room, or name another folder as backup.scratch.dir", dir, human(free), human(s.disk))
	}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return fmt.Errorf("ask how much memory there is: %w", err)
	}
	free, err := available(text)
	if err != nil {
		return err
	}
	if need := s.dataMemory + serversMemory; free < need {
		return fmt.Errorf("this machine has %s of memory to spare and the restore needs %s: NDB holds its data in memory; run backupd on a larger host", human(free), human(need))
	}
	return nil
}

// available reads /proc/meminfo.
func available(text []byte) (uint64, error) {
	for line := range bytes.Lines(text) {
		if rest, found := bytes.CutPrefix(line, []byte("MemAvailable:")); found {
			fields := strings.Fields(string(rest))
			if len(fields) == 2 && fields[1] == "kB" {
				n, err := strconv.ParseUint(fields[0], 10, 54)
				return n << 10, err
			}
		}
	}
	return 0, fmt.Errorf("/proc/meminfo does not say how much memory is available")
}

func human(bytes uint64) string { return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30)) }
