// Package mbstream reads the form in which mariadb-backup streams the files of a backup, without
// unpacking it: which files are in it, whether it is whole, and the content of small ones.
//
// A stream is a row of chunks. Each names its file, so that the chunks of several files may be
// mixed; a file ends with a chunk that says so.
package mbstream
