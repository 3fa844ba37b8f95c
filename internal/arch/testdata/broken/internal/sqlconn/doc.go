// Package sqlconn is a specimen.
package sqlconn
