package galera

import "fmt"

// noteNew begins the first note of a piece that does not follow the one before.
const noteNew = "a new line begins: "

// meet puts a line to what a member has now, as far as names and sizes tell, and says what is missing
// if something is. Whether the file is the one that was archived is seen when it is fetched.
func (l *line) meet(s source) (note string) {
	switch node := s.node.Name; {
	case l.node == "":
		return l.begin(s, "there was none before")
	case l.node != node:
		return l.begin(s, "the one before was of "+l.node)
	}
	was := fmt.Sprintf("%s at %d", l.file, l.offset)
	for _, log := range s.logs {
		switch {
		case log.name != l.file || log.size < l.offset:
		case l.mark.sum == "" && l.offset > 0: // all of the file is archived once more
			return l.beginAt(s, log.name, "by what "+was+" is known again was not noted")
		default:
			return ""
		}
	}
	if first := s.logs[0]; first.name != l.file && after(first.name, l.file) {
		return l.beginAt(s, first.name, "a gap, since what followed "+was+" was purged on the server before it was archived")
	}
	return l.begin(s, "after "+was+" the server has begun its binary logs anew")
}

// begin begins a new line with the newest file.
func (l *line) begin(s source, why string) (note string) {
	return l.beginAt(s, s.logs[len(s.logs)-1].name, why)
}

func (l *line) beginAt(s source, file, why string) (note string) {
	*l = line{node: s.node.Name, file: file, mark: mark{uuid: s.uuid}}
	return noteNew + why
}

// next goes on with the next file. A cluster that is founded anew counts its transactions anew, and a
// member becomes part of it by a restart, with which it begins a file.
func (l *line) next(file string, s source) error {
	switch {
	case s.galera && s.uuid == "":
		return fmt.Errorf("%s is not part of its cluster at the moment: the archive waits until it is known which one %s is of", s.node.Name, file)
	case s.uuid != l.mark.uuid:
		return &otherError{fmt.Sprintf("%s is of another cluster (%s) since the last file (%s): the cluster was founded anew", s.node.Name, s.uuid, l.mark.uuid)}
	}
	l.file, l.offset, l.mark = file, 0, mark{uuid: s.uuid}
	return nil
}
