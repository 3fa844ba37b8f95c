package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestS3Grants(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{
			"backupd",
			[]string{"--bucket=kagu-backups", "--principal=arn:aws:iam::123456789012:user/kagu", "--prefix=noumea"},
			`{
  "Statement": [
    {
      "Sid": "KaguKeeperObjects",
      "Effect": "Allow",
      "Principal": {
        "AWS": [
          "arn:aws:iam::123456789012:user/kagu"
        ]
      },
      "Action": [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObjectVersion",
        "s3:DeleteObject"
      ],
      "Resource": "arn:aws:s3:::kagu-backups/noumea/*"
    },
    {
      "Sid": "KaguKeeperBucket",
      "Effect": "Allow",
      "Principal": {
        "AWS": [
          "arn:aws:iam::123456789012:user/kagu"
        ]
      },
      "Action": [
        "s3:ListBucket",
        "s3:GetBucketVersioning",
        "s3:ListBucketVersions"
      ],
      "Resource": "arn:aws:s3:::kagu-backups"
    }
  ],
  "Version": "2012-10-17"
}
`,
		},
		{
			"a writer into a bucket with object lock",
			[]string{"--bucket=b", "--principal=AK1", "--role=writer", "--lock"},
			`{
  "Statement": [
    {
      "Sid": "KaguWriterObjects",
      "Effect": "Allow",
      "Principal": {
        "AWS": [
          "AK1"
        ]
      },
      "Action": [
        "s3:GetObject",
        "s3:PutObject",
        "s3:PutObjectRetention"
      ],
      "Resource": "arn:aws:s3:::b/*"
    },
    {
      "Sid": "KaguWriterBucket",
      "Effect": "Allow",
      "Principal": {
        "AWS": [
          "AK1"
        ]
      },
      "Action": [
        "s3:ListBucket",
        "s3:GetBucketObjectLockConfiguration"
      ],
      "Resource": "arn:aws:s3:::b"
    }
  ],
  "Version": "2012-10-17"
}
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, grants(t, "s3", c.args...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
