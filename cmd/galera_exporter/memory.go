package main

import (
	"os"
	"runtime/debug"
)

// thrift collects garbage at half the heap that Go would let grow. Of a heap of one or two megabytes that
// saves more than two, for about a quarter more CPU, of which a scrape takes little. Who sets GOGC
// gets what it says.
func thrift() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}
