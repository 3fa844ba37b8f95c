package store_test

import (
	"testing"

	"github.com/kagu-db/kagu/backupd/store/s3test"
	"github.com/kagu-db/kagu/backupd/store/storetest"
)

func TestS3OnARealServer(t *testing.T) {
	server := s3test.Start(t)
	t.Run("a bucket", func(t *testing.T) { storetest.Run(t, fresh(server.Bucket("plain", false))) })
}
