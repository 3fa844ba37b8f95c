package sqlconn

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/go-sql-driver/mysql"
)

// The kinds of error that callers tell apart with errors.Is. What fits none is wrapped as it is.
var (
	// ErrRefused: the host is there, and nobody listens at the address.
	ErrRefused = errors.New("connection refused")

	// ErrUnreachable: there is no way to the address, or its name does not resolve.
	ErrUnreachable = errors.New("unreachable")

	// ErrTimeout: the server, or the way to it, did not answer in time. It may be frozen.
	ErrTimeout = errors.New("no answer in time")

	// ErrBroken: the connection ended in the middle.
	ErrBroken = errors.New("connection broken")

	// ErrDenied: the server does not let this account in. Check user, password and host.
	ErrDenied = errors.New("access denied")

	// ErrGrant: the account was let in and lacks a privilege for the statement.
	ErrGrant = errors.New("a grant is missing")

	// ErrBusy: the server takes no more connections, from anybody or from us.
	ErrBusy = errors.New("the server takes no more connections")

	// ErrNoCluster: the SQL node of an NDB Cluster has no data node to ask (errors 157 and 4009
	// of NDB). It is given too when a data node fails while it answers.
	ErrNoCluster = errors.New("no connection to the data nodes")

	// ErrMissing: the server has no such table or column.
	ErrMissing = errors.New("the server has no such table or column")

	// ErrNotReady: the node is alive and not operational (error 1047).
	ErrNotReady = errors.New("alive, not operational")
)

// kinds maps what a server says to what it means.
var kinds = []struct {
	kind    error
	numbers []uint16
}{
	{ErrDenied, []uint16{1045, 1130, 1251, 1698, 1862, 4151}},
	{ErrGrant, []uint16{1044, 1142, 1143, 1227, 1370}},
	{ErrBusy, []uint16{1040, 1129, 1203, 1226}},
	{ErrNotReady, []uint16{1047}},
	{ErrMissing, []uint16{1049, 1054, 1109, 1146}},
	{ErrTimeout, []uint16{1205, 1969, 3024}},
	{ErrBroken, []uint16{1053, 1927}},
}

func kindOf(err error) error {
	var said *mysql.MySQLError
	var network net.Error
	switch {
	case errors.As(err, &said):
		for _, k := range kinds {
			if slices.Contains(k.numbers, said.Number) {
				return k.kind
			}
		}
		if said.Number == 1296 && (strings.Contains(said.Message, "error 157 ") || strings.Contains(said.Message, "error 4009 ")) {
			return ErrNoCluster
		}
		return nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return ErrTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return ErrRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, mysql.ErrInvalidConn):
		return ErrBroken
	case errors.As(err, &network) && network.Timeout():
		return ErrTimeout
	case isDial(err):
		return ErrUnreachable
	}
	return nil
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
