package store_test

import (
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/s3test"
	"github.com/kagu-db/kagu/backupd/store/storetest"
)

func TestS3OnARealServer(t *testing.T) {
	server := s3test.Start(t)
	t.Run("a bucket", func(t *testing.T) { storetest.Run(t, fresh(server.Bucket("plain", false))) })
	t.Run("a bucket with versions", func(t *testing.T) { storetest.Run(t, fresh(server.Bucket("versioned", true))) })
	t.Run("tried again", func(t *testing.T) {
		bucket := fresh(server.Bucket("retried", false))
		storetest.Run(t, func(t testing.TB) store.Store {
			return store.Retry{Store: bucket(t), First: time.Millisecond}
		})
	})
	t.Run("object lock", func(t *testing.T) { locked(t, server) })
	t.Run("no object lock", func(t *testing.T) { unlockable(t, server) })
	t.Run("versions", func(t *testing.T) { versions(t, server) })
	t.Run("policies", func(t *testing.T) { policies(t, server) })
	t.Run("least privilege", func(t *testing.T) { least(t, server) })
	t.Run("a wrong digest", func(t *testing.T) { wrongDigest(t, server) })
}
