// Package exporters is the engine of Kagu's exporters: it runs collectors against targets and
// serves what they say to Prometheus. It knows no database.
//
// A scrape is bounded by the deadline that Prometheus announces. Its collectors run at the same
// time, each fails (or panics) alone, and each leaves two series: whether it succeeded and how
// long it took. A target has one scrape at a time; a second one that comes meanwhile is given
// the result of the first, so a server that does not answer never gathers a crowd.
package exporters
