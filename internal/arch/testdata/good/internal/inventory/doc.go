// Package inventory is a specimen.
package inventory
