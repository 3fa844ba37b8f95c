// Package storetest holds the contract of a store as tests, and a network that breaks what passes.
package storetest
