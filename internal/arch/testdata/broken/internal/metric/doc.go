// Package metric is a specimen.
package metric
