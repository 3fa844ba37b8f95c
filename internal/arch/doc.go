// Package arch keeps the shape of the suite: it parses every Go file and says which line
// broke which rule of docs/architecture.md.
//
// It is a test in the form of a package, so that the checker itself can be tested on trees
// that break the rules. It judges what is written, not what is built: files behind build
// tags and tests are read too.
package arch
