// Package goldentest compares a text that we produce with a file that a human has read.
package goldentest
