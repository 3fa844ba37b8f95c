// Package failpoint lets a test kill a real program at a named line, to see what the program
// does when it is started again. In a build without the tag "failpoint" it does nothing.
package failpoint
