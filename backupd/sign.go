package backupd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"
)

// ErrSignature says that a document was not signed by a key we trust, or was changed since.
var ErrSignature = errors.New("not signed by a key that is trusted here")

// maxDocument bounds a manifest; one of 1 TiB in parts of 16 MiB has 10 MiB.
const maxDocument = 512 << 20

// A Signer signs manifests and proofs. It is a note signer of golang.org/x/mod: an Ed25519 key
// with a name.
type Signer struct{ signer note.Signer }

// NewSigner reads a signing key as GenerateKeys makes it.
func NewSigner(key string) (Signer, error) {
	s, err := note.NewSigner(key)
	if err != nil {
		return Signer{}, errors.New("read the signing key: it is not one that kagu backup keys makes")
	}
	return Signer{s}, nil
}

// Sign returns the document as it is stored: JSON in one line, and the signature behind it.
func (s Signer) Sign(document any) ([]byte, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: string(text) + "\n"}, s.signer)
}

// Trust is the public keys whose signatures count.
type Trust struct{ verifiers note.Verifiers }

// NewTrust reads public keys as GenerateKeys makes them.
func NewTrust(keys ...string) (Trust, error) {
	var list []note.Verifier
	for _, k := range slices.Compact(slices.Sorted(slices.Values(keys))) { // one that is there twice is none to note
		v, err := note.NewVerifier(k)
		if err != nil {
			return Trust{}, fmt.Errorf("read the trusted key %.60q: it is not one that kagu backup keys makes", k)
		}
		list = append(list, v)
	}
	return Trust{note.VerifierList(list...)}, nil
}

// Open checks the signature and reads the document into v. A document with a key that this
// release does not know is refused: it may say what we would miss.
func (t Trust) Open(text []byte, v any) error {
	if t.verifiers == nil {
		return fmt.Errorf("%w: there is no trusted key", ErrSignature)
	}
	n, err := note.Open(text, t.verifiers)
	if err != nil {
		if _, unsigned := errors.AsType[*note.UnverifiedNoteError](err); unsigned {
			return ErrSignature
		}
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	d := json.NewDecoder(bytes.NewReader([]byte(n.Text)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("read a signed document: %w", err)
	}
	return nil
}
