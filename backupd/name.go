package backupd

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
)

// The objects of a backup have names that sort by time. Manifests lie apart from the parts, so
// that a list of the backups is a list of a few objects:
//
//	manifests/CLUSTER/ID        stored last
//	parts/CLUSTER/ID/STREAM/N   sealed parts, N from 0 in eight digits
//	proofs/CLUSTER/ID/TIME      what checks and proof restores found, signed
//	holds/CLUSTER/ID/UNTIL-…    that a restore reads it
//	reached/CLUSTER/TIME        that the archive of binary logs was up to date then, signed
const (
	manifestsFolder = "manifests/"
	partsFolder     = "parts/"
	proofsFolder    = "proofs/"
	holdsFolder     = store.Holds
	reachedFolder   = "reached/"
)

// NewID names a backup: when it began, how it is taken, and a random end, so that two of one
// second, or of two daemons that should not both run, never share a name.
func NewID(method Method, begun time.Time) string {
	return fmt.Sprintf("%s-%s-%s", begun.UTC().Format(toTheSecond), method, unlike())
}

// toTheSecond is how a moment is written where names need not sort any finer.
const toTheSecond = "20060102T150405Z"

// unlike returns eight letters that nobody else has.
func unlike() string {
	var random [5]byte
	rand.Read(random[:]) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(random[:]))
}

// methodOf reads the method out of an ID; "" if it is none.
func methodOf(id string) Method {
	if !idShape.MatchString(id) {
		return ""
	}
	return Method(strings.Split(id, "-")[1])
}

func manifestOf(cluster, id string) string { return manifestsFolder + cluster + "/" + id }

func partsOf(cluster, id string) string { return partsFolder + cluster + "/" + id + "/" }

func partOf(cluster, id, stream string, n int) string {
	return fmt.Sprintf("%s%s/%08d", partsOf(cluster, id), stream, n)
}

func proofsOf(cluster, id string) string { return proofsFolder + cluster + "/" + id + "/" }

func proofOf(cluster, id string, at time.Time) string { return proofsOf(cluster, id) + stamp(at) }

func reachedOf(cluster string, at time.Time) string { return reachedFolder + cluster + "/" + stamp(at) }

// stamp writes a moment so that names sort by it.
func stamp(at time.Time) string { return at.UTC().Format("20060102T150405.000000000Z") }

var stampShape = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}\.[0-9]{9}Z$`)

// belongs tells which backup an object of that folder is of, and what it is within it.
func belongs(folder, name string) (cluster, id, rest string, ok bool) {
	after, found := strings.CutPrefix(name, folder)
	cluster, after, deeper := strings.Cut(after, "/")
	id, rest, _ = strings.Cut(after, "/")
	if !found || !deeper || !nameShape.MatchString(cluster) || !idShape.MatchString(id) {
		return "", "", "", false
	}
	return cluster, id, rest, true
}
