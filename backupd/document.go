package backupd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/kagu-db/kagu/backupd/store"
)

var errNoSigner = errors.New("there is no key to sign with: name one as backup.signing_key_file in kagu.yaml; kagu backup keys makes one")

// document reads a signed document.
func (v Vault) document(ctx context.Context, name string, into any) error {
	body, err := v.Store.Get(ctx, name)
	if err != nil {
		return fmt.Errorf("read %s from %s: %w", name, v.Store, err)
	}
	text, err := io.ReadAll(io.LimitReader(body, maxDocument+1))
	if err := errors.Join(err, body.Close()); err != nil {
		return fmt.Errorf("read %s from %s: %w", name, v.Store, err)
	}
	if len(text) > maxDocument {
		return fmt.Errorf("%s in %s is %w: it is larger than %d bytes", name, v.Store, ErrDamaged, maxDocument)
	}
	if err := v.Keys.Trust.Open(text, into); err != nil {
		return fmt.Errorf("%s in %s is %w: %w", name, v.Store, ErrDamaged, err)
	}
	return nil
}

// keep signs a document and stores it.
func (v Vault) keep(ctx context.Context, name string, document any) error {
	if v.Keys.Signer == nil {
		return errNoSigner
	}
	text, err := v.Keys.Signer.Sign(document)
	if err == nil {
		err = v.Store.Put(ctx, name, text, sha256.Sum256(text))
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

// digest reads an object to its end.
func digest(ctx context.Context, st store.Store, name string) (sum store.Sum, size int64, err error) {
	body, err := st.Get(ctx, name)
	if err != nil {
		return sum, 0, err
	}
	h := sha256.New()
	size, err = io.Copy(h, body)
	if err := errors.Join(err, body.Close()); err != nil {
		return sum, 0, err
	}
	return store.Sum(h.Sum(nil)), size, nil
}
