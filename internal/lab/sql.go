package lab

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/go-sql-driver/mysql"
)

// admin opens the node's socket as an account that may do everything.
func (l *Lab) admin(n Node) (*sql.DB, error) {
	user, password, err := l.kind().admin(l)
	if err != nil {
		return nil, err
	}
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr = user, password, "unix", n.Socket()
	c.Logger = &mysql.NopLogger{} // a server that is going up or down is no news here
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, nil
}

// SQL carries out statements on a node with all rights, over its socket.
func (l *Lab) SQL(ctx context.Context, node string, statements ...string) error {
	n, err := l.Node(node)
	if err != nil {
		return err
	}
	db, err := l.admin(n)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("on %s: %w", node, err)
		}
	}
	return nil
}

// Wsrep returns the wsrep status variables of a node, over its socket.
func (l *Lab) Wsrep(ctx context.Context, node string) (map[string]string, error) {
	n, err := l.Node(node)
	if err != nil {
		return nil, err
	}
	db, err := l.admin(n)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SHOW GLOBAL STATUS LIKE 'wsrep%'")
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", node, err)
	}
	defer rows.Close()
	status := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		status[name] = value
	}
	return status, rows.Err()
}

// AwaitStatus waits until a status variable of a node has a value.
func (l *Lab) AwaitStatus(ctx context.Context, node, variable, value string) error {
	return poll(ctx, func(ctx context.Context) error {
		status, err := l.Wsrep(ctx, node)
		if err == nil && status[variable] != value {
			err = fmt.Errorf("%s of %s is %q, not %q", variable, node, status[variable], value)
		}
		return err
	})
}

// AwaitSynced waits until every node is Synced in one cluster of all nodes.
func (l *Lab) AwaitSynced(ctx context.Context) error {
	for _, n := range l.Nodes {
		for variable, value := range map[string]string{
			"wsrep_local_state_comment": "Synced", "wsrep_cluster_size": fmt.Sprint(len(l.Nodes)), "wsrep_cluster_status": "Primary",
		} {
			if err := l.AwaitStatus(ctx, n.Name, variable, value); err != nil {
				return err
			}
		}
	}
	return nil
}
