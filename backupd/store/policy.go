package store

import (
	"encoding/json"
	"slices"
	"strings"
)

// A Role is what somebody does with a bucket.
type Role string

// The roles.
const (
	Keeper Role = "keeper" // backupd: puts, reads and deletes what retention gives up
	Writer Role = "writer" // puts and reads, and can destroy nothing
	Reader Role = "reader" // restores, and says so
)

// Holds is what the names of objects begin with by which a restore says what it reads. Who may read
// may write those, and nothing else.
const Holds = "holds/"

// actions of each role, on objects and on the bucket. In a bucket with object lock nothing is
// deleted but versions: a plain deletion would only hide an object.
var actions = map[Role]struct{ objects, unlocked, locked, bucket, lockedBucket []string }{
	Keeper: {
		objects:      []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObjectVersion"},
		unlocked:     []string{"s3:DeleteObject"},
		locked:       []string{"s3:PutObjectRetention", "s3:GetObjectRetention", "s3:GetObjectVersion"},
		bucket:       []string{"s3:ListBucket", "s3:GetBucketVersioning", "s3:ListBucketVersions"},
		lockedBucket: []string{"s3:GetBucketObjectLockConfiguration"},
	},
	Writer: {
		objects:      []string{"s3:GetObject", "s3:PutObject"},
		locked:       []string{"s3:PutObjectRetention"},
		bucket:       []string{"s3:ListBucket"},
		lockedBucket: []string{"s3:GetBucketObjectLockConfiguration"},
	},
	Reader: {objects: []string{"s3:GetObject"}, bucket: []string{"s3:ListBucket"}},
}

type statement struct {
	Sid       string              `json:"Sid"`
	Effect    string              `json:"Effect"`
	Principal map[string][]string `json:"Principal"`
	Action    []string            `json:"Action"`
	Resource  any                 `json:"Resource"` // a text, or several
}

// S3Policy returns the policy of a bucket by which a principal may do what its role needs, and no
// more. A principal is what the server calls an account: the ARN of a user at AWS, an access key at
// others. Names are not a secret, so listing is of the whole bucket; what objects can be read,
// written and deleted is bound to the prefix.
func S3Policy(role Role, principal, bucket, prefix string, lock bool) string {
	of := actions[role]
	onObjects, onBucket := slices.Concat(of.objects, of.unlocked), of.bucket
	if lock {
		onObjects, onBucket = slices.Concat(of.objects, of.locked), slices.Concat(of.bucket, of.lockedBucket)
	}
	folder := "arn:aws:s3:::" + bucket + "/"
	if prefix != "" {
		folder += prefix + "/"
	}
	who := map[string][]string{"AWS": {principal}}
	title := "Kagu" + strings.ToUpper(string(role[:1])) + string(role[1:])
	all := []statement{
		{title + "Objects", "Allow", who, onObjects, folder + "*"},
		{title + "Bucket", "Allow", who, onBucket, "arn:aws:s3:::" + bucket},
	}
	if role == Reader { // the marker is put before the first object, to see what the server can do
		onHolds := []string{"s3:PutObject"}
		if lock {
			onHolds = slices.Concat(onHolds, actions[Writer].locked)
		}
		all = append(all, statement{title + "Holds", "Allow", who, onHolds, []string{folder + Holds + "*", folder + Marker}})
	}
	text, err := json.MarshalIndent(map[string]any{"Version": "2012-10-17", "Statement": all}, "", "  ")
	if err != nil { // strings alone
		return err.Error()
	}
	return string(text) + "\n"
}
