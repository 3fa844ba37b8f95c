package ndb

import (
	_ "github.com/kagu-db/kagu/exporters/galera"
)
