// Package remediator is a specimen.
package remediator
