package main

import (
	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/backupd/galera"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

func addRestoreGrants(cmd *kingpin.CmdClause, s *session) {
	account := accountFlags(cmd, "kagu_restore", "Where kagu backup restore logs in from, as the server writes it: 10.0.0.%.",
		galera.RestoreConnections, "How many connections it may have to one member.")
	schemas := cmd.Flag("schema", "It restores into this schema and no other, such as shop and shop_restored; may be given again. Default: into every schema, those of the server itself included.").Strings()
	cmd.Action(func(*kingpin.ParseContext) error {
		about := "Restores of schemas into a running Galera cluster: kagu backup restore CLUSTER --schema."
		for _, name := range *schemas {
			if _, err := sqlconn.Literal("schema", name); err != nil {
				return err
			}
		}
		if len(*schemas) == 0 {
			about += " Who has its password can change everything; --schema keeps it to some schemas."
		}
		return s.printAccount(*account, galera.RestoreGrants(*schemas...), about, onGalera+" In kagu.yaml name it as the credential restore.")
	})
}
