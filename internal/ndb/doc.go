// Package ndb says what the rules of NDB Cluster itself make of a cluster that was looked at:
// what its next failure would do, who decides a tie, how soon a dead node is noticed, why a
// node died and what helps, when memory is full, how far a restart has come, and what an event
// means in plain words.
//
// Look asks the management servers; everything else is a pure function. What is not known
// makes the answer unknown: nothing here calls a cluster safe because nobody answered.
package ndb
