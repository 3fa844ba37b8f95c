package galera

import (
	"errors"
	"fmt"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// Account is the account on the database that the exporter logs in with.
type Account struct {
	User, Host  string
	Connections int // that it may have at once
}

// Placeholder stands where the operator writes the password. Passwords go through no program's
// arguments and no terminal's history.
const Placeholder = "<PASSWORD>"

// SQL returns the statements that make the account and grant it what the sources need, and no
// more.
func (a Account) SQL(sources []Source) ([]string, error) {
	user, err := sqlconn.Literal("user", a.User)
	if err != nil {
		return nil, err
	}
	host, err := sqlconn.Literal("host", a.Host)
	if err != nil {
		return nil, err
	}
	if a.Connections < 1 {
		return nil, errors.New("an account needs one connection at least")
	}
	account := user + "@" + host
	all := []string{fmt.Sprintf("CREATE USER IF NOT EXISTS %s IDENTIFIED BY '%s' WITH MAX_USER_CONNECTIONS %d", account, Placeholder, a.Connections)}
	for _, g := range Grants(sources) {
		all = append(all, fmt.Sprintf("GRANT %s TO %s", g, account))
	}
	return all, nil
}
