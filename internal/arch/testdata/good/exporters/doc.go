// Package exporters is a specimen.
package exporters
