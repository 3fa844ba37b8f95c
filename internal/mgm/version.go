package mgm

import (
	"context"
	"fmt"
)

// A VersionID is a version as the protocol packs it: 9.7.2 is 0x090702. 0 is no version: that of
// a node that is not connected.
type VersionID uint32

// MakeVersion packs a version.
func MakeVersion(major, minor, build int) VersionID {
	return VersionID(major&0xff<<16 | minor&0xff<<8 | build&0xff)
}

// Major returns the first number.
func (v VersionID) Major() int { return int(v >> 16) }

// Minor returns the second number.
func (v VersionID) Minor() int { return int(v >> 8 & 0xff) }

// Build returns the third number.
func (v VersionID) Build() int { return int(v & 0xff) }

// String returns 9.7.2, and "" for no version.
func (v VersionID) String() string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", v.Major(), v.Minor(), v.Build())
}

// spoken is the version whose answers we read. We tell it to the server, which then adds what
// older clients did not know.
var spoken = MakeVersion(9, 7, 2)

// hears is the version from which a server listens to that.
var hears = MakeVersion(8, 0, 20)

// Version is what a management server says of itself.
type Version struct {
	NDB   VersionID
	MySQL VersionID
	Text  string // "mysql-9.7.2 ndb-9.7.2"
}

// Version asks for the version of the management server.
func (c *Client) Version(ctx context.Context) (Version, error) {
	var v Version
	err := c.do(ctx, getVersion, func(p reply) (err error) {
		v, err = readVersion(p)
		return err
	})
	return v, err
}

var getVersion = command{name: "get version", header: "version"}

func readVersion(p reply) (Version, error) {
	id, err := p.number("id")
	if err != nil {
		return Version{}, err
	}
	v := Version{NDB: VersionID(id)}
	v.Text, _ = p.get("string")
	major, err1 := p.number("mysql_major")
	minor, err2 := p.number("mysql_minor")
	build, err3 := p.number("mysql_build")
	if err1 == nil && err2 == nil && err3 == nil { // old servers do not say
		v.MySQL = MakeVersion(major, minor, build)
	}
	return v, nil
}

// NodeID asks for the node id of the management server.
func (c *Client) NodeID(ctx context.Context) (int, error) {
	var id int
	err := c.do(ctx, getNodeID, func(p reply) (err error) {
		id, err = p.number("nodeid")
		return err
	})
	return id, err
}

var getNodeID = command{name: "get mgmd nodeid", header: "get mgmd nodeid reply"}
