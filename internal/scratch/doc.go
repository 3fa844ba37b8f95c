// Package scratch runs servers that are thrown away: those of proof restores.
//
// Each lives in a folder of its own. Every program that is started in it carries the folder's mark in
// its environment, so that what a killed process of ours left running is found, ended and removed,
// and nothing else is ever touched.
package scratch
