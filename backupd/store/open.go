package store

import "github.com/kagu-db/kagu/internal/inventory"

// Open returns the store that kagu.yaml describes, bare: nothing is retried or limited. It asks
// nobody yet.
func Open(s inventory.BackupStore) (Store, error) {
	if s.S3 == nil {
		return NewFolder(s.Path), nil
	}
	return NewS3(*s.S3)
}
