// Package store keeps objects: the parts, manifests and proofs of backups. An object is there
// whole or not at all, and is never changed.
package store
