package ndb

import (
	"context"
	"fmt"
	"strings"
)

// accounts makes the accounts and roles, with what they may do. Those with NDB_STORED_USER are
// everywhere once they are on one SQL node; the others are that node's own. One that exists keeps
// its password: whoever restores is not locked out by an old one.
func (s *seat) accounts(ctx context.Context, out *script) error {
	// What the server shows of a password may be any bytes. The seat has one connection, so this holds.
	if _, err := s.Table(ctx, "SET SESSION print_identified_with_as_hex=ON"); err != nil {
		return fmt.Errorf("ask for passwords in hex: %w", err)
	}
	// Those with default roles come last: the roles are accounts too, and have to be there.
	rows, err := s.Table(ctx, `SELECT User AS u, Host AS h FROM mysql.user u WHERE User NOT IN ('mysql.sys', 'mysql.session', 'mysql.infoschema')
		ORDER BY EXISTS (SELECT 1 FROM mysql.default_roles d WHERE d.USER = u.User AND d.HOST = u.Host), 1, 2`)
	if err != nil {
		return fmt.Errorf("list the accounts: %w", err)
	}
	out.section("accounts")
	var grants []string
	for _, r := range rows {
		account := text(r["u"]) + "@" + text(r["h"])
		shown, err := s.Strings(ctx, "SHOW CREATE USER "+account)
		if err != nil || len(shown) != 1 {
			return fmt.Errorf("read the definition of the account %s: %w", account, err)
		}
		out.do(strings.Replace(shown[0], "CREATE USER ", "CREATE USER IF NOT EXISTS ", 1))
		may, err := s.Strings(ctx, "SHOW GRANTS FOR "+account)
		if err != nil {
			return fmt.Errorf("read the grants of the account %s: %w", account, err)
		}
		grants = append(grants, may...)
	}
	out.section("grants")
	for _, g := range grants {
		if strings.HasPrefix(g, "GRANT PROXY ON ``@`` ") { // root's, which a server gives it by itself and takes from nobody else
			continue
		}
		out.do(g)
	}
	return s.defaultRoles(ctx, out)
}

// defaultRoles says them again after the grants: an account that came from another SQL node, where it
// was made before its roles, is there without.
func (s *seat) defaultRoles(ctx context.Context, out *script) error {
	rows, err := s.Table(ctx, "SELECT USER AS u, HOST AS h, DEFAULT_ROLE_USER AS ru, DEFAULT_ROLE_HOST AS rh FROM mysql.default_roles ORDER BY 1, 2, 3, 4")
	if err != nil {
		return fmt.Errorf("list the default roles: %w", err)
	}
	roles := map[string][]string{}
	var accounts []string
	for _, r := range rows {
		account := text(r["u"]) + "@" + text(r["h"])
		if roles[account] == nil {
			accounts = append(accounts, account)
		}
		roles[account] = append(roles[account], text(r["ru"])+"@"+text(r["rh"]))
	}
	for _, account := range accounts {
		out.do("SET DEFAULT ROLE " + strings.Join(roles[account], ", ") + " TO " + account)
	}
	return nil
}
