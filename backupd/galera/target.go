package galera

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// writable opens a session on the first member that lets the account of restores in.
func writable(ctx context.Context, c inventory.Cluster) (*sqlconn.Session, inventory.Node, error) {
	as, err := restoresAs(c)
	if err != nil {
		return nil, inventory.Node{}, err
	}
	var errs []error
	for _, n := range c.Nodes {
		try, cancel := context.WithTimeout(ctx, patience)
		sql, err := sqlconn.Connect(try, n.SQL, as, c.TLS, "max_statement_time=0", "time_zone='+00:00'", "sql_mode='NO_AUTO_VALUE_ON_ZERO'", "foreign_key_checks=0", "unique_checks=0")
		cancel()
		if err == nil {
			return sql, n, nil
		}
		errs = append(errs, err)
	}
	err = errors.Join(errs...)
	if errors.Is(err, sqlconn.ErrDenied) {
		err = fmt.Errorf("%w; kagu grants restore prints how the account %s is made", err, as.User)
	}
	return nil, inventory.Node{}, fmt.Errorf("no member of %s can be written to: %w: %w", c.Name, backupd.ErrTarget, err)
}

// restoresAs returns the account that restores write with, its password read. The account of
// backups is not taken in its place: it can read everything and write nothing.
func restoresAs(c inventory.Cluster) (inventory.Credential, error) {
	if c.Backup == nil || c.Backup.RestoreAs.Name == "" {
		return inventory.Credential{}, fmt.Errorf("%w: kagu.yaml names no account that restores into %s may write with: make one, which kagu grants restore prints, and name it under credentials and as backup.restore_credential of the cluster",
			backupd.ErrTarget, c.Name)
	}
	as := c.Backup.RestoreAs
	if as.PasswordFile == "" { // it was read by whom made the credential
		return as, nil
	}
	as, err := as.WithPassword()
	if err != nil {
		return as, fmt.Errorf("%w: %w", backupd.ErrTarget, err)
	}
	return as, nil
}

func schemasOf(ctx context.Context, sql *sqlconn.Session) ([]string, error) {
	rows, err := sql.Texts(ctx, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")
	if err != nil {
		return nil, err
	}
	var all []string
	for _, r := range rows {
		all = append(all, r[0])
	}
	return all, nil
}

// mayWrite says which privileges the account of restores lacks for the steps of a plan; nil if none.
func mayWrite(ctx context.Context, sql *sqlconn.Session, as string, steps []backupd.Step) error {
	rows, err := sql.Texts(ctx, "SHOW GRANTS")
	if err != nil {
		return fmt.Errorf("ask what the account %s may do: %w", as, err)
	}
	var has []granted
	for _, r := range rows {
		if g, ok := readGrant(r[0]); ok {
			has = append(has, g)
		}
	}
	var lacks []string
	for _, step := range steps {
		if step.Name != stepCopy {
			continue
		}
		for _, g := range restoreGrants(step.Data[keyInto], carries(step)) {
			said := g.String() + " (" + g.For + ")"
			if !slices.ContainsFunc(has, func(h granted) bool { return h.gives(g, step.Data[keyInto]) }) && !slices.Contains(lacks, said) {
				lacks = append(lacks, said)
			}
		}
	}
	if len(lacks) > 0 {
		return fmt.Errorf("%w: the account %s, which restores write with, lacks %s; kagu grants restore prints the statements", backupd.ErrTarget, as, strings.Join(lacks, ", "))
	}
	return nil
}

// granted is a line of SHOW GRANTS that is about all schemas or one pattern of them.
type granted struct {
	privileges []string
	on         string // the pattern; "" for all
}

var grantShape = regexp.MustCompile("^GRANT ([A-Z][A-Z ,]*) ON (?:\\*\\.\\*|`((?:[^`]|``)+)`\\.\\*) TO ")

// readGrant reads a line. False: it is about something else, such as a table or a role.
func readGrant(line string) (granted, bool) {
	m := grantShape.FindStringSubmatch(line)
	if m == nil {
		return granted{}, false
	}
	return granted{strings.Split(m[1], ", "), strings.ReplaceAll(m[2], "``", "`")}, true
}

// gives reports whether the line holds a grant for a schema. A privilege of the whole server cannot
// be given for one schema.
func (h granted) gives(g sqlconn.Grant, schema string) bool {
	if h.on != "" && (g.On == everywhere || !like(h.on, schema)) {
		return false
	}
	return slices.Contains(h.privileges, g.Privilege) || slices.Contains(h.privileges, "ALL PRIVILEGES")
}

// like reports whether a name is of a pattern as GRANT has them: % stands for any text, _ for any
// letter, and neither behind a backslash.
func like(pattern, name string) bool {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	escaped := false
	for _, r := range pattern {
		switch {
		case r == '\\' && !escaped:
			escaped = true
			continue
		case r == '%' && !escaped:
			b.WriteString(`.*`)
		case r == '_' && !escaped:
			b.WriteByte('.')
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
		escaped = false
	}
	b.WriteByte('$')
	ok, err := regexp.MatchString(b.String(), name)
	return err == nil && ok
}
