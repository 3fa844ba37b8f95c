package scripts

import (
	_ "github.com/kagu-db/kagu/exporters/galera"
)
