package haproxy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/deploy/haproxy"
)

func TestFill(t *testing.T) {
	const text = `    stats socket /run/haproxy/admin.sock mode 660
    bind 10.0.0.10:3306
    bind 10.0.0.10:3307
    server db1 10.0.0.11:3306
    server db2 10.0.0.12:3306 backup
    server db3 10.0.0.13:3306 backup
    server good-db1 10.0.0.11:3306 no-check track w/db1 last
    server good-db2 10.0.0.12:3306 no-check track w/db2 last
`
	const head = "    stats socket /s mode 660\n    bind p:1\n    bind p:2\n"
	servers := []haproxy.Server{{Name: "a", Address: "a:1"}, {Name: "b", Address: "b:1", Check: 7}, {Name: "c", Address: "c:1"}, {Name: "d", Address: "d:1"}}
	for _, c := range []struct {
		name  string
		count int
		want  string
	}{
		{"one server", 1, "    server a a:1\n    server good-a a:1 no-check track w/a last\n"},
		{"two, one with a port of its own", 2, "    server a a:1\n    server b b:1 backup port 7\n    server good-a a:1 no-check track w/a last\n    server good-b b:1 no-check track w/b last\n"},
		{"four", 4, "    server a a:1\n    server b b:1 backup port 7\n    server c c:1 backup\n    server d d:1 backup\n    server good-a a:1 no-check track w/a last\n    server good-b b:1 no-check track w/b last\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := haproxy.Place{Socket: "/s", Write: "p:1", Read: "p:2", Servers: servers[:c.count]}.Fill(text)
			if diff := cmp.Diff(head+c.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}
