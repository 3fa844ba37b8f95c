// Package bench measures what the issues and DESIGN name figures for. `make bench` runs it
// and prints tables with n, median and spread; nothing in it fails for being slow.
package bench
