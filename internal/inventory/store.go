package inventory

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func (s *section) readStore(e entry) BackupStore {
	st, path := BackupStore{Name: e.key.Value}, join(s.path, "stores."+shorten(e.key.Value))
	s.name(e.key, path, st.Name, plainName)
	sub := s.section(e.key, e.value, path, "path", "endpoint", "region", "bucket", "prefix", "access_key_file", "secret_key_file", "ca_file", "path_style", "lock")
	if sub == nil {
		return st
	}
	sub.secrets = s.secrets
	if sub.has("path") == sub.has("bucket") {
		sub.fault(sub.at, path, "is neither a folder nor a bucket", "give path, or endpoint, bucket, access_key_file and secret_key_file")
		return st
	}
	if sub.has("path") {
		for _, key := range []string{"endpoint", "region", "prefix", "access_key_file", "secret_key_file", "ca_file", "path_style", "lock"} {
			if sub.has(key) {
				sub.fault(sub.where(key), join(path, key), "belongs to a bucket, and this store is a folder", "remove it, or give bucket and not path")
			}
		}
		st.Path = sub.remotePath("path")
		return st
	}
	st.S3 = sub.readBucket()
	return st
}

func (s *section) readBucket() *S3 {
	b := &S3{Region: "us-east-1"}
	for _, key := range []string{"endpoint", "access_key_file", "secret_key_file"} {
		if !s.has(key) {
			s.missing(key, "a bucket has endpoint, bucket, access_key_file and secret_key_file")
		}
	}
	if s.has("endpoint") {
		b.Endpoint = s.address("endpoint", "https://s3.example.net")
	}
	if r := s.text("region"); r != "" {
		b.Region = r
	}
	b.Bucket = s.text("bucket")
	if b.Bucket != "" && !bucketName.MatchString(b.Bucket) {
		s.fault(s.entries["bucket"].value, join(s.path, "bucket"), fmt.Sprintf("%q is not the name of a bucket", shorten(b.Bucket)), "use 3 to 63 lower-case letters, digits, dots and -")
	}
	b.Prefix = strings.Trim(s.text("prefix"), "/")
	b.AccessKeyFile, b.SecretKeyFile, b.CAFile = s.localPath("access_key_file"), s.localPath("secret_key_file"), s.localPath("ca_file")
	s.secretLine("access_key_file")
	s.secretLine("secret_key_file")
	s.publicFile("ca_file")
	b.PathStyle = s.truth("path_style")
	b.Lock = s.duration("lock", 0, 24*time.Hour)
	return b
}
