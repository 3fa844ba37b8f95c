package mgm

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// seeds are answers as the live server gives them; testdata/fuzz holds more, found on the way.
var seeds = []string{
	"version\nid: 591618\nmajor: 9\nstring: mysql-9.7.2 ndb-9.7.2\nmysql_major: 9\nmysql_minor: 7\nmysql_build: 2\n\n",
	"node status\nnodes: 1\nnode.2.type: NDB\nnode.2.status: SINGLE USER MODE\nnode.2.version: 591618\nnode.2.startphase: 0\nnode.2.dynamic_id: -1\nnode.2.node_group: -256\nnode.2.address: 127.0.0.1\nnode.2.is_single_user: 0\n\n",
	"show config reply\n[ndbd(DB)]\nDataMemory=67108864\nHostName=127.0.111.12\n[SYSTEM]\nName=\n\n",
	"session: 1\nsession.1.m_stopSelf: 0\nsession.1.tls: 1\nsession.1.parser.buffer: get status: 5\n\n",
	"list certs reply\nsession: 4\naddress: 127.0.0.1\nserial: 18:9F\nname: NDB Node Nov 2026\nexpires: 23-Nov-2026\n\n",
	"result: Unknown command, 'nonsense'\n\n",
	"Authorization failed\nError: Requires TLS\n\n",
	"dump events reply\nresult: Ok\nevents: 1\n\nlog event reply\ntype=81\ntime=0\nsource_nodeid=2\ndata=3 2 1795472615 131085 0 1 \n\n",
	"get config reply\nresult: Ok\nContent-Length: 17\nContent-Type: ndbconfig/octet-stream\nContent-Transfer-Encoding: base64\n\nTkRCQ09ORjIAAALH\n\n\n",
	"get mgmd nodeid reply\nnodeid:1\n\n",
}

func FuzzReply(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		header, _, _ := strings.Cut(string(data), "\n")
		for _, h := range []string{"", "node status", header} {
			r := bufio.NewReader(bytes.NewReader(data))
			p, err := readReply(r, h)
			if err != nil {
				continue
			}
			for _, line := range p.lines {
				if strings.ContainsAny(line, "\n") {
					t.Errorf("a line holds a line end: %q", line)
				}
			}
			_ = p.ok()
			_, _ = readVersion(p)
			_, _ = readConfigText(p)
			_, _ = readCertificates(p)
			_, _ = (&conn{r: r}).body(p)
			_, _ = (&conn{r: r}).dumped(p)
		}
	})
}

func FuzzStatus(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		p, err := readReply(bufio.NewReader(strings.NewReader(data)), "node status")
		if err != nil {
			return
		}
		nodes, err := readStatus(p)
		if err != nil {
			return
		}
		seen := map[int]bool{}
		for _, n := range nodes {
			if n.ID <= 0 || seen[n.ID] || n.Type == "" || n.State == "" {
				t.Errorf("%+v", n)
			}
			seen[n.ID] = true
			if n.Type != NodeData && n.NodeGroup != GroupUnknown {
				t.Errorf("a %s is in group %s", n.Type, n.NodeGroup)
			}
		}
	})
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("NDBCONF2"))
	f.Add(withSum([]byte("NDBCONF2\x00\x00\x00\x0a\x00\x00\x00\x02" + strings.Repeat("\x00", 20))))
	f.Add(withSum([]byte("NDBCONF2\x00\x00\x00\x11\x00\x00\x00\x02" + strings.Repeat("\x00", 20) + "\x00\x00\x00\x07\x00\x00\x00\x02\x00\x00\x00\x01\x10\x00\x00\x03\x00\x00\x00\x02\x10\x00\x00\xb9\x00\x01\x00\x00")))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, form := range [][]byte{data, withSum(data)} { // else no input gets past the checksum
			config, err := ParseConfig(form)
			if err != nil {
				continue
			}
			for _, n := range config.Nodes {
				if n.ID == 0 {
					t.Error("a node has no id")
				}
				for _, k := range n.Keys() {
					if _, isNumber := n.Number(k); !isNumber {
						_, _ = n.Text(k)
					}
				}
			}
		}
	})
}

// withSum puts the length and the checksum where they belong.
func withSum(data []byte) []byte {
	data = append(bytes.Clone(data), make([]byte, (4-len(data)%4)%4)...)
	if len(data) >= 12 {
		binary.BigEndian.PutUint32(data[8:], uint32(len(data)/4+1))
	}
	var sum uint32
	for at := 0; at < len(data); at += 4 {
		sum ^= binary.BigEndian.Uint32(data[at:])
	}
	return binary.BigEndian.AppendUint32(data, sum)
}

func FuzzEvent(f *testing.F) {
	for _, s := range []string{
		"<PING>\n", "log event reply\ntype=28\ntime=0\nsource_nodeid=2\nfailed_node=3\nfailure_state=0\n\n",
		"log event reply\ntype=49\ntime=0\nsource_nodeid=2\ndata=1869833554 1701016181 32512 \n\n",
		"log event reply\ntype=81\ntime=0\nsource_nodeid=2\ndata=9 1 1795472615 49 1717990722 1852404325 0 \n\n",
		"log event reply\ntype=4711\n<PING>\ncount=-1\n\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		r := bufio.NewReader(strings.NewReader(data))
		for {
			e, isEvent, err := readBlock(r)
			if err != nil {
				return
			}
			if !isEvent {
				continue
			}
			if e.Type < 0 || e.Name == "" {
				t.Errorf("%+v", e)
			}
			if was, err := e.original(); err == nil && (was.Name == "" || !was.Saved) {
				t.Errorf("%+v", was)
			}
			_ = imprint(e)
		}
	})
}
