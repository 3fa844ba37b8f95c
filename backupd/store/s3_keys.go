package store

import (
	"fmt"
	"os"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/kagu-db/kagu/internal/inventory"
)

// keyFiles gives the keys of a bucket as they are in their files now, so that rotated ones are used
// by the next request and no one waits for a restart.
type keyFiles struct{ access, secret string }

// rotation is how long new keys may be refused: the two files are not replaced in one moment, and
// the server may learn of the keys later than we.
const rotation = 2 * time.Minute

// Retrieve reads both files.
func (k *keyFiles) Retrieve() (credentials.Value, error) {
	access, err := inventory.ReadSecret(k.access)
	if err != nil {
		return credentials.Value{}, k.unread(err)
	}
	secret, err := inventory.ReadSecret(k.secret)
	if err != nil {
		return credentials.Value{}, k.unread(err)
	}
	return credentials.Value{AccessKeyID: access.Reveal(), SecretAccessKey: secret.Reveal(), SignerType: credentials.SignatureV4}, nil
}

// RetrieveWithCredContext is Retrieve.
func (k *keyFiles) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return k.Retrieve()
}

// IsExpired is always true: each request asks again.
func (k *keyFiles) IsExpired() bool { return true }

func (k *keyFiles) unread(err error) error {
	return fmt.Errorf("%w: %w; put the store's key into it, readable by backupd alone", ErrDenied, err)
}

// rotating reports whether a refusal may pass because the keys were replaced just now.
func (k *keyFiles) rotating() bool {
	for _, path := range []string{k.access, k.secret} {
		if info, err := os.Stat(path); err == nil {
			if age := time.Since(info.ModTime()); -rotation < age && age < rotation {
				return true
			}
		}
	}
	return false
}
