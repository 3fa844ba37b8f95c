// Package inventory reads kagu.yaml, the one file that describes the fleet.
//
// It is strict: an unknown key, a dangling name, an address used twice or a secret that
// cannot be read is an error, and all of them are reported at once, each with its line and
// its remedy. A file with a fault is never used in part.
package inventory
