// Package tlstest makes the certificates that servers of tests show.
package tlstest
