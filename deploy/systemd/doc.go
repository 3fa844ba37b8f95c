// Package systemd holds no code: its tests ask systemd itself whether the units beside it are well
// formed and how far each program is shut in, and compare them with what the documents say.
package systemd
