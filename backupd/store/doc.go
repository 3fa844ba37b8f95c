// Package store keeps objects: the parts, manifests and proofs of backups. An object is there
// whole or not at all, and is never changed.
//
// A Folder is a directory of this machine or a mounted one, S3 a bucket. Neither repeats what
// failed: Retry does, for both. Copy brings what is missing into a second store. All of them are
// held to one contract, storetest.Run; what a network does to an object on its way is in storetest
// too, and a server to do it to in s3test.
//
// What this package never does: change or overwrite an object, say that an object is stored
// before it is, take a folder that is not mounted for an empty store, or show a key.
package store
