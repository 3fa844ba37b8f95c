// Package ndb is a specimen.
package ndb
