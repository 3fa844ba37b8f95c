// Package alerts is a specimen.
package alerts
