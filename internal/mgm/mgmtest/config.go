package mgmtest

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kagu-db/kagu/internal/mgm"
)

// configReply writes the configuration as get config_v2 does.
func (c *Cluster) configReply() string {
	coded := base64.StdEncoding.EncodeToString(c.Config())
	var body strings.Builder
	for len(coded) > 0 {
		n := min(76, len(coded))
		body.WriteString(coded[:n] + "\n")
		coded = coded[n:]
	}
	return fmt.Sprintf("get config reply\nresult: Ok\nContent-Length: %d\nContent-Type: ndbconfig/octet-stream\nContent-Transfer-Encoding: base64\n\n%s\n",
		body.Len(), body.String())
}

// Config returns the configuration in the binary form NDBCONF2, without its base64.
func (c *Cluster) Config() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	kinds := map[mgm.NodeType]mgm.SectionType{mgm.NodeData: mgm.SectionData, mgm.NodeAPI: mgm.SectionAPI, mgm.NodeManagement: mgm.SectionManagement}
	counts := map[mgm.NodeType]uint32{}
	var nodes []uint32
	for _, n := range c.status {
		counts[n.Type]++
		s := section{kind: kinds[n.Type]}
		s.number(mgm.KeyNodeID, uint64(n.ID))
		if host := c.hosts[n.ID]; host != "" {
			s.text(mgm.KeyHostName, host)
		}
		for _, key := range slices.Sorted(maps.Keys(c.settings[n.ID])) {
			s.number(key, c.settings[n.ID][key])
		}
		nodes = append(nodes, s.words()...)
	}
	var all []uint32
	defaults := []mgm.SectionType{mgm.SectionData, mgm.SectionAPI, mgm.SectionManagement, mgm.SectionTCP, mgm.SectionSHM}
	for _, kind := range defaults {
		all = append(all, (&section{kind: kind}).words()...)
	}
	system := section{kind: mgm.SectionSystem}
	system.number(mgm.KeyGeneration, uint64(c.Generation))
	system.text(mgm.KeySystemName, c.Name)
	all = append(all, system.words()...)
	all = append(all, nodes...)
	const magicWords, headerWords, sumWords = 2, 7, 1
	header := []uint32{
		uint32(magicWords + headerWords + len(all) + sumWords), 2, uint32(len(defaults)),
		counts[mgm.NodeData], counts[mgm.NodeAPI], counts[mgm.NodeManagement], 0,
	}
	data := []byte("NDBCONF2")
	for _, w := range append(header, all...) {
		data = binary.BigEndian.AppendUint32(data, w)
	}
	var sum uint32
	for at := 0; at < len(data); at += 4 {
		sum ^= binary.BigEndian.Uint32(data[at:])
	}
	return binary.BigEndian.AppendUint32(data, sum)
}

// A section is written entry by entry.
type section struct {
	kind    mgm.SectionType
	entries uint32
	body    []uint32
}

func (s *section) number(k mgm.Key, v uint64) {
	s.entries++
	if k == mgm.KeyDataMemory { // 64 bits wide
		s.body = append(s.body, 4<<28|uint32(k), uint32(v>>32), uint32(v))
		return
	}
	s.body = append(s.body, 1<<28|uint32(k), uint32(v))
}

func (s *section) text(k mgm.Key, v string) {
	s.entries++
	padded := append([]byte(v), make([]byte, 4-len(v)%4)...)
	s.body = append(s.body, 2<<28|uint32(k), uint32(len(v)+1))
	for at := 0; at < len(padded); at += 4 {
		s.body = append(s.body, binary.BigEndian.Uint32(padded[at:]))
	}
}

func (s *section) words() []uint32 {
	return append([]uint32{uint32(3 + len(s.body)), s.entries, uint32(s.kind)}, s.body...)
}
