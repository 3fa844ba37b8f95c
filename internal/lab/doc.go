// Package lab starts real databases, and everything around them, on loopback addresses of
// this machine: for the tests, for `kagu lab` and for the demo.
//
// A lab is a folder and a set of processes. Every process carries the environment variable
// KAGU_LAB with the lab's own random value, and passes it on to whatever it starts; that is
// how a lab finds its processes again, after its owner was killed too. It never signals a
// process by name, and never one that does not carry its value.
//
// Each lab has a loopback network of its own, 127.A.B.0/24 with random A and B, so labs of
// parallel tests do not meet. Ports that are taken on this machine are avoided.
//
// The package knows the programs by their command lines only. It imports none of the
// products, so that a test of any of them may use it.
package lab
