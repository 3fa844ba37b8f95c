package galera

import (
	"strings"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// who is an account or a role, quoted.
type who struct {
	name string
	role bool
}

// users lists the accounts and roles of a server, but for those that it makes by itself.
func (d *definitions) users() []who {
	var all []who
	for _, r := range d.ask("SELECT User, Host, is_role FROM mysql.user WHERE User <> 'mariadb.sys' ORDER BY is_role DESC, 1, 2") {
		switch {
		case r[2] == "Y" && r[0] == "PUBLIC":
			all = append(all, who{"PUBLIC", true})
		case r[2] == "Y":
			all = append(all, who{sqlconn.Name(r[0]), true})
		default:
			all = append(all, who{sqlconn.Name(r[0]) + "@" + sqlconn.Name(r[1]), false})
		}
	}
	return all
}

// accounts writes accounts and roles with what they log in by, and no right yet. An account that
// is there already stays as it is: the one that a restore works by must not be locked out.
func (d *definitions) accounts() {
	for _, w := range d.users() {
		switch {
		case w.name == "PUBLIC":
		case w.role:
			d.put("CREATE ROLE IF NOT EXISTS %s;\n", w.name)
		default:
			text := d.one("account "+w.name, 0, "SHOW CREATE USER %s", w.name)
			d.put("CREATE USER IF NOT EXISTS%s;\n", strings.TrimPrefix(text, "CREATE USER"))
		}
	}
}

// grants writes what accounts and roles may do. A right to a table or routine that is not there is
// passed over: a server keeps those of tables that were dropped, and Galera's own tables are not
// on a server without Galera.
func (d *definitions) grants() {
	for _, w := range d.users() {
		for _, r := range d.ask("SHOW GRANTS FOR %s", w.name) {
			d.put("%s", delimited("BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR 1146, 1305 BEGIN END; "+withoutIdentity(r[0])+"; END"))
		}
	}
}

// withoutIdentity takes out of a GRANT what the account logs in by. SHOW GRANTS adds it, and
// carried out it would change the account.
func withoutIdentity(grant string) string {
	from := outside(grant, " IDENTIFIED ", 0)
	if from < 0 {
		return grant
	}
	to := len(grant)
	for _, next := range []string{" REQUIRE ", " WITH "} {
		if at := outside(grant, next, from); at >= 0 {
			to = min(to, at)
		}
	}
	return grant[:from] + grant[to:]
}

// outside finds a text behind from that stands in no quotes of any kind; -1 if there is none.
func outside(text, find string, from int) int {
	var quote byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote == 0 && i >= from && strings.HasPrefix(text[i:], find):
			return i
		case quote == 0 && (c == '\'' || c == '"' || c == '`'):
			quote = c
		case quote != 0 && c == '\\' && quote != '`':
			i++
		case c == quote: // a doubled quote ends and begins again
			quote = 0
		}
	}
	return -1
}
