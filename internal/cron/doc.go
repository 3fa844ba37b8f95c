// Package cron understands the five fields of crontab in a time zone, on the days too on which its
// clocks change.
//
// A moment that the clocks skip comes once, right after the gap: a nightly backup that falls into
// it is late, never lost. A moment that the clocks show twice comes once, the first time. A
// schedule of every hour knows no such days: it goes by the hours that pass.
//
// The fields are parsed by go-cron; the clocks are ours, since a parser only sees what they show.
package cron
