// Package s3test starts a real S3 server on loopback, for tests: versitygw, which keeps objects as
// files, with versions, object lock, conditions, checksums and policies. It is built from
// tools/go.mod, so nothing needs to be installed.
package s3test
