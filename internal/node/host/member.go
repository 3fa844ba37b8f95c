package host

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// A member is what a Galera member says of itself before it is backed up.
type member struct {
	status    wsrep.Status
	version   string
	dataDir   string
	desync    bool // wsrep_desync, whoever set it
	started   time.Time
	lsn       uint64
	encrypted bool // the connection
}

// askLimit bounds each question to the server.
const askLimit = 10 * time.Second

// askMember asks the server on its socket address in kagu.yaml.
func askMember(ctx context.Context, db *sqlconn.DB, now time.Time) (m member, err error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	all := map[string]string{}
	for _, query := range []string{
		"SHOW GLOBAL STATUS LIKE 'wsrep%'",
		"SHOW GLOBAL STATUS LIKE 'Uptime'",
		"SHOW GLOBAL STATUS LIKE 'Innodb_lsn_current'",
		"SHOW SESSION STATUS LIKE 'Ssl_cipher'",
		"SHOW GLOBAL VARIABLES LIKE 'version'",
		"SHOW GLOBAL VARIABLES LIKE 'datadir'",
		"SHOW GLOBAL VARIABLES LIKE 'wsrep_desync'",
	} {
		err := db.Each(ctx, query, func(key, value []byte) { all[strings.ToLower(string(key))] = string(value) })
		if err != nil {
			return member{}, err
		}
	}
	m = member{
		status: wsrep.ParseStatus(all), version: all["version"], dataDir: all["datadir"],
		desync: strings.EqualFold(all["wsrep_desync"], "ON"), encrypted: all["ssl_cipher"] != "",
	}
	up, err := strconv.ParseInt(all["uptime"], 10, 64)
	if err != nil {
		return member{}, fmt.Errorf("the server does not tell its uptime: %q", all["uptime"])
	}
	m.started = now.Add(-time.Duration(up) * time.Second)
	if m.lsn, err = strconv.ParseUint(all["innodb_lsn_current"], 10, 64); err != nil {
		return member{}, fmt.Errorf("the server does not tell its LSN: %q", all["innodb_lsn_current"])
	}
	return m, nil
}

// mayBackup tells why the member must not be backed up now. It decides on what was seen alone.
// A member that a human or our own dead backup desynced may be: only wsrep_desync counts in
// wsrep_desync_count then, and no state transfer goes out from it.
func mayBackup(r node.Request, n inventory.Node, m member) error {
	s := m.status
	if !sameFile(m.dataDir, n.DataDir) {
		return refusef("the server at %s has the data directory %s, kagu.yaml says %s: correct kagu.yaml", n.SQL, clean(m.dataDir, 200), n.DataDir)
	}
	if s.ClusterStatus != "primary" {
		return refusef("it is in no primary component (wsrep_cluster_status is %q): its data may be behind; back up another member", s.ClusterStatus)
	}
	switch {
	case s.State == "synced":
	case s.State == "donor" && m.desync && s.DesyncCount.Known && s.DesyncCount.Value == 1:
	case s.State == "donor":
		return refusef("it is a donor: a state transfer or another backup is going on; wait for its end, or back up another member")
	default:
		return refusef("it is %q, not Synced; back up another member", clean(s.Comment, 60))
	}
	if !s.Members.Known {
		return refusef("its members are not known (a view is changing): try again")
	}
	if len(s.Members.Addresses) < 2 && !r.Alone {
		return refusef("it is the only member that holds data, so its clients would wait for the backup; ask with alone to do it all the same")
	}
	if r.Since > m.lsn {
		return refusef("the backup shall begin at LSN %d and the server is at %d: it is not the server of the backup before; take a full one", r.Since, m.lsn)
	}
	return nil
}
