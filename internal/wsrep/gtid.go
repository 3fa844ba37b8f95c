package wsrep

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// A DomainPosition is the last transaction of one domain.
type DomainPosition struct {
	Domain string
	Seqno  int64
}

// ParseGTIDPosition reads a position of MariaDB's asynchronous replication, a list of
// "domain-server-seqno", and returns the lowest domains, at most so many. What has another form,
// as MySQL's sets have, is left out; of a domain that comes twice the highest counts.
func ParseGTIDPosition(text string, most int) []DomainPosition {
	var all []DomainPosition
	for _, part := range split(text) {
		fields := strings.Split(strings.TrimSpace(part), "-")
		if len(fields) != 3 {
			continue
		}
		domain, errD := strconv.ParseUint(fields[0], 10, 32)
		_, errS := strconv.ParseUint(fields[1], 10, 32)
		seqno := ParseInt(fields[2])
		if errD != nil || errS != nil || !seqno.Known {
			continue
		}
		all = append(all, DomainPosition{Domain: strconv.FormatUint(domain, 10), Seqno: seqno.Value})
	}
	slices.SortFunc(all, func(a, b DomainPosition) int {
		return cmp.Or(cmp.Compare(len(a.Domain), len(b.Domain)), cmp.Compare(a.Domain, b.Domain), cmp.Compare(b.Seqno, a.Seqno))
	})
	all = slices.CompactFunc(all, func(a, b DomainPosition) bool { return a.Domain == b.Domain })
	return all[:min(len(all), most)]
}
