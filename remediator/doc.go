// Package remediator heals clusters.
//
// An alert makes it look, never act: it observes the cluster itself, matches what it saw
// against a table of problems, and carries out a plan only if every guard agrees. It writes
// its intent down before it acts and verifies afterwards with the predicate that found the
// problem. It never acts on two nodes of one cluster at once, never repeats an act whose
// outcome it does not know, and never removes data.
//
// The order of reading is the order of the pipeline: receive, queue, observe (in the
// packages below), problem, plan, guard, act, notify, api. The package knows no database;
// remediator/galera does.
package remediator
