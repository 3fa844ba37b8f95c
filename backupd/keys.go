package backupd

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"github.com/kagu-db/kagu/internal/inventory"
)

// NewKeys reads the keys that kagu.yaml names.
func NewKeys(b inventory.Backupd) (Keys, error) {
	var k Keys
	var errs []error
	for _, text := range b.Recipients {
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("backup.recipients: %q is not the public key of an age identity", text))
			continue
		}
		k.Recipients = append(k.Recipients, r)
	}
	for i, secret := range b.Identities {
		ids, err := age.ParseIdentities(strings.NewReader(secret.Reveal()))
		if err != nil { // its text may quote the key
			errs = append(errs, fmt.Errorf("backup.identity_files[%d]: it holds no age identity; kagu backup keys or age-keygen makes one", i))
			continue
		}
		k.Identities = append(k.Identities, ids...)
	}
	trusted := b.Trusted
	if !b.SigningKey.Empty() {
		s, err := NewSigner(b.SigningKey.Reveal())
		if err != nil {
			errs = append(errs, fmt.Errorf("backup.signing_key_file: %w", err))
		} else {
			k.Signer = &s
			public, err := PublicKey(b.SigningKey.Reveal())
			errs = append(errs, err)
			trusted = append(trusted[:len(trusted):len(trusted)], public)
		}
	}
	var err error
	k.Trust, err = NewTrust(trusted...)
	return k, errors.Join(append(errs, err)...)
}

// NewSigningKey makes a key to sign with, and the public key that it is trusted by.
func NewSigningKey(name string) (private, public string, err error) {
	return note.GenerateKey(rand.Reader, name)
}

// NewIdentity makes an age identity, as age-keygen does, and the recipient that it opens for.
func NewIdentity() (private, recipient string, err error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", err
	}
	return id.String(), id.Recipient().String(), nil
}

// PublicKey returns the public key of a signing key, for backup.trusted_keys.
func PublicKey(private string) (string, error) {
	bad := errors.New("the signing key is not one that kagu backup keys makes")
	rest, found := strings.CutPrefix(private, "PRIVATE+KEY+")
	name, rest, named := strings.Cut(rest, "+")
	_, text, hashed := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(text)
	if !found || !named || !hashed || err != nil || len(key) != 1+ed25519.SeedSize {
		return "", bad
	}
	pair := ed25519.NewKeyFromSeed(key[1:])
	return note.NewEd25519VerifierKey(name, pair.Public().(ed25519.PublicKey))
}
