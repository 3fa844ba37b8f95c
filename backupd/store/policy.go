package store

import (
	"encoding/json"
	"strings"
)

// A Role is what somebody does with a bucket.
type Role string

// The roles.
const (
	Keeper Role = "keeper" // backupd: puts, reads and deletes what retention gives up
	Writer Role = "writer" // puts and reads, and can destroy nothing
	Reader Role = "reader" // restores
)

// actions of each role: on the objects, and on the bucket.
var actions = map[Role]struct{ objects, locks, bucket []string }{
	Keeper: {[]string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"}, []string{"s3:PutObjectRetention", "s3:GetObjectRetention"}, []string{"s3:GetBucketVersioning", "s3:ListBucketVersions"}},
	Writer: {[]string{"s3:GetObject", "s3:PutObject"}, []string{"s3:PutObjectRetention"}, nil},
	Reader: {[]string{"s3:GetObject"}, nil, nil},
}

type statement struct {
	Sid       string              `json:"Sid"`
	Effect    string              `json:"Effect"`
	Principal map[string][]string `json:"Principal"`
	Action    []string            `json:"Action"`
	Resource  string              `json:"Resource"`
}

// S3Policy returns the policy of a bucket by which a principal may do what its role needs, and no
// more. A principal is what the server calls an account: the ARN of a user at AWS, an access key at
// others. Names are not a secret, so listing is of the whole bucket; what objects can be read,
// written and deleted is bound to the prefix.
func S3Policy(role Role, principal, bucket, prefix string, lock bool) string {
	of := actions[role]
	onObjects, onBucket := of.objects, append([]string{"s3:ListBucket"}, of.bucket...)
	if lock {
		onObjects = append(append([]string{}, of.objects...), of.locks...)
		if len(of.locks) > 0 {
			onBucket = append(onBucket, "s3:GetBucketObjectLockConfiguration")
		}
	}
	objects := "arn:aws:s3:::" + bucket + "/*"
	if prefix != "" {
		objects = "arn:aws:s3:::" + bucket + "/" + prefix + "/*"
	}
	who := map[string][]string{"AWS": {principal}}
	title := "Kagu" + strings.ToUpper(string(role[:1])) + string(role[1:])
	text, err := json.MarshalIndent(map[string]any{
		"Version": "2012-10-17",
		"Statement": []statement{
			{title + "Objects", "Allow", who, onObjects, objects},
			{title + "Bucket", "Allow", who, onBucket, "arn:aws:s3:::" + bucket},
		},
	}, "", "  ")
	if err != nil { // strings alone
		return err.Error()
	}
	return string(text) + "\n"
}
