// Package lab is a specimen.
package lab
