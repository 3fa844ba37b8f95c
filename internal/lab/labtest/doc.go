// Package labtest brings a lab up for a test and takes it down after it.
package labtest
