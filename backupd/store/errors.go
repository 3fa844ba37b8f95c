package store

import (
	"context"
	"errors"
	"io"
	"syscall"
)

// What a store's errors are, for errors.Is.
var (
	// ErrNotFound says that there is no object of that name.
	ErrNotFound = errors.New("not found")
	// ErrExists says that the name belongs to an object with another content.
	ErrExists = errors.New("there is another object of that name")
	// ErrFull says that there is no space left.
	ErrFull = errors.New("the store is full")
	// ErrName says that something cannot be the name of an object.
	ErrName = errors.New("no name for an object")
	// ErrTooLarge says that an object is larger than MaxSize.
	ErrTooLarge = errors.New("larger than an object may be")
	// ErrDigest says that content and digest do not belong together: of an object to be stored, or
	// of one that was read.
	ErrDigest = errors.New("content and digest differ")
	// ErrDenied says that the keys are refused, or do not allow what was tried.
	ErrDenied = errors.New("access denied")
	// ErrLocked says that an object cannot be deleted yet.
	ErrLocked = errors.New("the object is locked")
	// ErrNoStore says that there is no store where it should be: a folder that is not mounted, a
	// bucket that does not exist.
	ErrNoStore = errors.New("no store")
	// ErrMayPass says that the same may succeed later: an overloaded or restarting server.
	ErrMayPass = errors.New("may pass")
)

// MayPass reports whether the same may succeed if it is tried again. What it does not know does
// not pass.
func MayPass(err error) bool {
	switch {
	case err == nil, errors.Is(err, context.Canceled): // who called does not want it any more
		return false
	case errors.Is(err, ErrMayPass):
		return true
	}
	for _, final := range []error{ErrNotFound, ErrExists, ErrFull, ErrName, ErrTooLarge, ErrDigest, ErrDenied, ErrLocked, ErrNoStore} {
		if errors.Is(err, final) {
			return false
		}
	}
	for _, errno := range passing {
		if errors.Is(err, errno) {
			return true
		}
	}
	return errors.Is(err, io.ErrUnexpectedEOF)
}

// passing are what the system says of a server that restarts or is cut off, also that of a mounted
// folder.
var passing = []syscall.Errno{
	syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, syscall.ETIMEDOUT,
	syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EAGAIN, syscall.EINTR, syscall.ESTALE,
}
