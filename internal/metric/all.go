package metric

import "slices"

// All lists every family of Kagu, product by product.
func All() []*Family {
	return slices.Concat(Galera(), Health(), GaleraExporter(), Ndb(), NdbExporter(), Remediator(), Backupd())
}
