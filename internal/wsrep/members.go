package wsrep

import "strings"

// Members is the member list of a component as wsrep_incoming_addresses gives it.
type Members struct {
	Known       bool
	Addresses   []string // of the data nodes, in member order; "unspecified" where the server says so
	Arbitrators int
}

// ParseMembers reads the list. An empty element is an arbitrator, which registers no address.
// size is wsrep_cluster_size: it tells a lone arbitrator from no members at all. A list that
// is not as long as size was read while the view changed, and is absent.
func ParseMembers(text string, size int64) Members {
	if size == 0 {
		return Members{Known: text == ""}
	}
	elements := strings.Split(text, ",")
	if int64(len(elements)) != size {
		return Members{}
	}
	m := Members{Known: true}
	for _, e := range elements {
		if e = strings.TrimSpace(e); e == "" {
			m.Arbitrators++
		} else {
			m.Addresses = append(m.Addresses, e)
		}
	}
	return m
}
