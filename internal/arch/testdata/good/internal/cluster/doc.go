// Package cluster is a specimen.
package cluster
