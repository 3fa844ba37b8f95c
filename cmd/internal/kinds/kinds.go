package kinds

import (
	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/backupd/galera"
	"github.com/kagu-db/kagu/backupd/ndb"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// Of lists the databases, which reach their hosts as the fleet that is in force now says.
func Of(fleet func() *inventory.Fleet) map[cluster.Kind]backupd.Kind {
	hosts := node.Hosts{Account: func() inventory.SSH { return fleet().SSH }}
	return map[cluster.Kind]backupd.Kind{
		cluster.KindGalera: galera.Kind{Hosts: hosts},
		cluster.KindNDB:    &ndb.Kind{Hosts: ndb.Nodes{Client: hosts}, Tree: func() string { return fleet().Backup.Scratch.NDB }},
	}
}
