package binlog

import "fmt"

// NoteNew begins the first note of a piece that does not follow the one before.
const NoteNew = "a new line begins: "

// A Line is how far the archive of a server's binary logs has come. Where it ends with a whole file, it
// stands at the end of that one or at the begin of the next.
type Line struct {
	Node   string // of kagu.yaml
	File   string
	Offset uint64
	In     string // the file that the mark is of: File, or the one before it
	Mark   Mark   // by what that file is known again
	Note   string // why a new line begins with what is archived next; "": it does not
}

// A Server is what a server says of its logs.
type Server struct {
	Name string // of kagu.yaml
	Of   string // see Mark
	Logs []Log  // the oldest first, at least one
}

// OtherError says that a server's log is not the one that was archived.
type OtherError struct{ Why string }

func (e *OtherError) Error() string { return "the archive cannot go on: " + e.Why }

// Meet puts a line to what a server has now, as far as names and sizes tell. Whether the file is the one that was archived is seen when it is fetched.
func (l *Line) Meet(s Server) {
	switch {
	case l.Node == "":
		l.Begin(s, "there was none before")
		return
	case l.Node != s.Name:
		l.Begin(s, "the one before was of "+l.Node)
		return
	}
	was := fmt.Sprintf("%s at %d", l.File, l.Offset)
	size, there := s.size(l.File)
	_, marked := s.size(l.In)
	archived := l.Offset > 0 || l.In != l.File // something of the file that the mark is of
	switch {
	case there && size >= l.Offset && archived && l.Mark.Sum == "": // all of the file is archived once more
		l.BeginAt(s, l.File, "by what "+was+" is known again was not noted")
	case there && marked && size >= l.Offset:
	case there && !marked:
		l.BeginAt(s, l.File, l.In+", by which "+was+" is known again, was purged on the server")
	case s.Logs[0].Name != l.File && After(s.Logs[0].Name, l.File):
		l.BeginAt(s, s.Logs[0].Name, "a gap, since what followed "+was+" was purged on the server before it was archived")
	default:
		l.Begin(s, "after "+was+" the server has begun its binary logs anew")
	}
}

func (s Server) size(file string) (size uint64, there bool) {
	for _, log := range s.Logs {
		if log.Name == file {
			return log.Size, true
		}
	}
	return 0, false
}

// Begin begins a new line with the newest file.
func (l *Line) Begin(s Server, why string) {
	l.BeginAt(s, s.Logs[len(s.Logs)-1].Name, why)
}

// BeginAt begins a new line with a file.
func (l *Line) BeginAt(s Server, file, why string) {
	*l = Line{Node: s.Name, File: file, In: file, Mark: Mark{Of: s.Of}, Note: NoteNew + why}
}

// Kept says that all up to an offset of the file is archived now, and by what it is known again.
func (l *Line) Kept(offset uint64, m Mark) {
	l.Offset, l.In, l.Mark, l.Note = offset, l.File, m, ""
}

// Next goes on with the begin of a file, after all of those before it.
func (l *Line) Next(s Server, file string) {
	l.File, l.Offset, l.In, l.Mark = file, 0, file, Mark{Of: s.Of}
}
