package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
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
	for _, final := range []error{
		ErrNotFound, ErrExists, ErrFull, ErrName, ErrTooLarge, ErrDenied, ErrLocked, ErrNoStore,
		context.Canceled, // who called does not want it any more
	} {
		if errors.Is(err, final) {
			return false
		}
	}
	var untrusted *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &untrusted) || errors.As(err, &unknown) {
		return false
	}
	if errors.Is(err, ErrMayPass) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	for _, errno := range passing {
		if errors.Is(err, errno) {
			return true
		}
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return !dns.IsNotFound
	}
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// passing are what a server says that restarts or that the way to was cut, also that of a mounted
// folder.
var passing = []syscall.Errno{
	syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, syscall.ETIMEDOUT,
	syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EAGAIN, syscall.EINTR, syscall.ESTALE,
}
