package galera

import (
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

func TestWhatAnAccountMayWrite(t *testing.T) {
	for _, c := range []struct {
		line, privilege, on, schema string
		want                        bool
	}{
		{"GRANT SELECT, INSERT ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*F'", "INSERT", "`shop`.*", "shop", true},
		{"GRANT SELECT, INSERT ON *.* TO `a`@`%`", "DROP", "`shop`.*", "shop", false},
		{"GRANT CREATE VIEW ON *.* TO `a`@`%`", "CREATE", "`shop`.*", "shop", false},
		{"GRANT ALL PRIVILEGES ON *.* TO `a`@`%` WITH GRANT OPTION", "SUPER", "*.*", "shop", true},
		{"GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`", "DROP", "`shop`.*", "shop", true},
		{"GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`", "SUPER", "*.*", "shop", false},
		{"GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`", "DROP", "`shop2`.*", "shop2", false},
		{"GRANT DROP ON `shop\\_a`.* TO `a`@`%`", "DROP", "`shop\\_a`.*", "shop_a", true},
		{"GRANT DROP ON `shop\\_a`.* TO `a`@`%`", "DROP", "`shopxa`.*", "shopxa", false},
		{"GRANT DROP ON `shop%`.* TO `a`@`%`", "DROP", "`shop\\_a`.*", "shop_a", true},
		{"GRANT DROP ON `sh_p`.* TO `a`@`%`", "DROP", "`shop`.*", "shop", true},
		{"GRANT DROP ON `a``b`.* TO `a`@`%`", "DROP", "`a``b`.*", "a`b", true},
		{"GRANT DROP ON `a.*b`.* TO `a`@`%`", "DROP", "`axxb`.*", "axxb", false},
		{"GRANT DROP ON `shop`.`t` TO `a`@`%`", "DROP", "`shop`.*", "shop", false},
		{"GRANT INSERT (c) ON `shop`.`t` TO `a`@`%`", "INSERT", "`shop`.*", "shop", false},
		{"GRANT `reader` TO `a`@`%`", "INSERT", "`shop`.*", "shop", false},
		{"GRANT PROXY ON ''@'%' TO `a`@`%`", "PROXY", "*.*", "shop", false},
	} {
		g, ok := readGrant(c.line)
		if got := ok && g.gives(sqlconn.Grant{Privilege: c.privilege, On: c.on}, c.schema); got != c.want {
			t.Errorf("%s\ngives %s on %s: %v", c.line, c.privilege, c.on, got)
		}
	}
}

func TestARestoreNamesTheAccountThatIsMissing(t *testing.T) {
	c := clusterNamed("n1")
	c.Backup = &inventory.Backup{Credential: inventory.Credential{Name: "backup", User: "kagu_backup"}}
	if _, _, err := writable(t.Context(), c); err == nil || !strings.Contains(err.Error(), "kagu grants restore") || !strings.Contains(err.Error(), "restore_credential") {
		t.Errorf("got %v", err)
	}
	c.Backup.RestoreAs = inventory.Credential{Name: "restore", User: "kagu_restore", PasswordFile: "/nonexistent"}
	if _, _, err := writable(t.Context(), c); err == nil || !strings.Contains(err.Error(), "/nonexistent: it does not exist") {
		t.Errorf("got %v", err)
	}
}

func FuzzGrant(f *testing.F) {
	for _, line := range []string{
		"GRANT SELECT, INSERT ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*F'", "GRANT DROP ON `sh\\_op%`.* TO `a`@`%`", "GRANT ALL PRIVILEGES ON `a``b`.* TO `a`@`%`", "GRANT \\",
	} {
		f.Add(line, "shop")
	}
	f.Fuzz(func(t *testing.T, line, schema string) {
		g, ok := readGrant(line)
		if !ok {
			return
		}
		whole := sqlconn.Grant{Privilege: "SUPER", On: everywhere}
		if g.gives(whole, schema) && g.on != "" {
			t.Errorf("%q gives what only the whole server has", line)
		}
		if g.on == "" && len(g.privileges) > 0 && !g.gives(sqlconn.Grant{Privilege: g.privileges[0], On: "`x`.*"}, schema) {
			t.Errorf("%q does not give what it says", line)
		}
	})
}
