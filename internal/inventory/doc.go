// Package inventory reads kagu.yaml, the one file that describes the fleet.
//
// It is strict: an unknown key, a dangling name, an address used twice or a secret that
// cannot be read is an error, and all of them are reported at once, each with its line and
// its remedy. A file with a fault is never used in part. What is allowed and unwise is a
// warning, kept with the fleet.
//
// The YAML nodes are walked here, not decoded into structs: only so is every fault found in
// one run, at its own place, with the names that exist. The list of keys beside each section
// is the schema; docs/kagu.yaml.md explains it, and a test compares the two.
package inventory
