// Package galera is a specimen.
package galera
