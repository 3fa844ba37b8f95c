package wsrep

import "strings"

// Delayed is a peer whose answers come late.
type Delayed struct {
	UUID    string
	Address string // with its scheme
	Count   int64
}

// ParseDelayed reads a list of "uuid:address:count". The address holds colons of its own, so
// the UUID is cut from the left and the count from the right. What does not fit is left out.
func ParseDelayed(text string) []Delayed {
	var all []Delayed
	for _, element := range split(text) {
		uuid, rest, ok := strings.Cut(strings.TrimSpace(element), ":")
		at := strings.LastIndexByte(rest, ':')
		if !ok || at < 0 {
			continue
		}
		count := ParseInt(rest[at+1:])
		if uuid = ParseUUID(uuid); uuid == "" || !count.Known {
			continue
		}
		all = append(all, Delayed{UUID: uuid, Address: rest[:at], Count: count.Value})
	}
	return all
}
