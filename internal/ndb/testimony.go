package ndb

import "github.com/kagu-db/kagu/internal/cluster"

// A Testimony is what SQL nodes say of the data nodes. It counts where no management server has
// contact with any: SQL nodes have connections of their own.
type Testimony struct {
	// Reach tells whether an SQL node that answered has a data node to work with. One that has proves
	// that the cluster serves: no data node runs beside a dead node group. Unknown if none answered.
	Reach cluster.Truth `json:"reach"`

	// Started are the data nodes that are started, nil if the SQL nodes could not say which.
	Started map[int]bool `json:"started,omitempty"`
}

// of tells whether a data node is started.
func (t Testimony) of(node int) cluster.Truth {
	switch {
	case t.Reach == cluster.No:
		return cluster.No
	case t.Reach == cluster.Yes && t.Started != nil:
		return cluster.TruthOf(t.Started[node])
	default:
		return cluster.Unknown
	}
}
