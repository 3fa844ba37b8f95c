package mgm

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Category is a group of events whose level is set together.
type Category int

// The categories.
const (
	CategoryStartup     Category = 250
	CategoryShutdown    Category = 251 // no event uses it: those of stopping are in CategoryStartup
	CategoryStatistics  Category = 252
	CategoryCheckpoint  Category = 253
	CategoryNodeRestart Category = 254
	CategoryConnection  Category = 255
	CategoryInfo        Category = 256
	CategoryWarning     Category = 257
	CategoryError       Category = 258
	CategoryCongestion  Category = 259
	CategoryDebug       Category = 260
	CategoryBackup      Category = 261
	CategorySchema      Category = 262
)

var categoryNames = []string{
	"STARTUP", "SHUTDOWN", "STATISTICS", "CHECKPOINT", "NODERESTART", "CONNECTION", "INFO", "WARNING",
	"ERROR", "CONGESTION", "DEBUG", "BACKUP", "SCHEMA",
}

// String returns the name, or the number of a category that this package does not know.
func (c Category) String() string {
	if i := int(c - CategoryStartup); i >= 0 && i < len(categoryNames) {
		return categoryNames[i]
	}
	return fmt.Sprint(int(c))
}

// A Filter says which events to hear: of each category those whose threshold is not above the
// level. Categories it does not name are not heard. A listener makes the data nodes report what
// it asks for, so a greedy filter costs the cluster.
type Filter map[Category]int

// DefaultFilter hears what tells something of the cluster's health, and none of what comes
// every few seconds.
func DefaultFilter() Filter {
	return Filter{
		CategoryStartup: 8, CategoryNodeRestart: 8, CategoryConnection: 8, CategoryBackup: 15, CategoryError: 8,
		CategoryInfo: 7, CategoryCheckpoint: 8, CategoryStatistics: 7, CategorySchema: 8,
	}
}

// Hears reports whether an event of that type passes. One that this package does not know may.
func (f Filter) Hears(t EventType) bool {
	info, known := t.Info()
	return !known || info.Threshold <= f[info.Category]
}

// argument writes the filter as the server reads it. It knows WARNING by its number only, so
// all are sent by number.
func (f Filter) argument() string {
	var pairs []string
	for _, c := range slices.Sorted(maps.Keys(f)) {
		pairs = append(pairs, fmt.Sprintf("%d=%d", int(c), f[c]))
	}
	return strings.Join(pairs, " ")
}
