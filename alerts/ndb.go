package alerts

// The jobs of ndb_exporter. Each target of JobNDB is a cluster.
const (
	JobNDB         = "ndb"
	JobNDBExporter = "ndb_exporter" // the exporter itself
)

const ndbJobs = JobNDB + "|" + JobNDBExporter

// ndb returns the rules about NDB Clusters. None asks the remediator: it heals Galera only.
func ndb() []Group {
	return []Group{
		{Name: "ndb.availability", Rules: ndbAvailability()},
		{Name: "ndb.redundancy", Rules: ndbRedundancy()},
		{Name: "ndb.capacity", Rules: ndbCapacity()},
		{Name: "ndb.watching", Rules: ndbWatching()},
	}
}
