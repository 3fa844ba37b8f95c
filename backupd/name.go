package backupd

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"time"
)

// The objects of a backup have names that sort by time, and a store lists them by cluster:
//
//	CLUSTER/ID/manifest        stored last
//	CLUSTER/ID/parts/STREAM/N  sealed parts, N from 0 in eight digits
//	CLUSTER/ID/proofs/TIME     what checks and proof restores found, signed
const (
	manifestName = "manifest"
	partsFolder  = "parts"
	proofsFolder = "proofs"
)

// NewID names a backup: when it began, how it is taken, and a random end, so that two of one
// second, or of two daemons that should not both run, never share a name.
func NewID(method Method, begun time.Time) string {
	var random [5]byte
	rand.Read(random[:]) // never fails
	end := strings.ToLower(base32.StdEncoding.EncodeToString(random[:]))
	return fmt.Sprintf("%s-%s-%s", begun.UTC().Format("20060102T150405Z"), method, end)
}

func folderOf(cluster, id string) string { return cluster + "/" + id + "/" }

func manifestOf(cluster, id string) string { return folderOf(cluster, id) + manifestName }

func partOf(cluster, id, stream string, n int) string {
	return fmt.Sprintf("%s%s/%s/%08d", folderOf(cluster, id), partsFolder, stream, n)
}

func proofOf(cluster, id string, at time.Time) string {
	return folderOf(cluster, id) + proofsFolder + "/" + at.UTC().Format("20060102T150405.000000000Z")
}

// parseName tells which backup an object belongs to, and what it is within it.
func parseName(name string) (cluster, id, rest string, ok bool) {
	cluster, after, found := strings.Cut(name, "/")
	id, rest, deeper := strings.Cut(after, "/")
	if !found || !deeper || !nameShape.MatchString(cluster) || !idShape.MatchString(id) || rest == "" {
		return "", "", "", false
	}
	return cluster, id, rest, true
}
