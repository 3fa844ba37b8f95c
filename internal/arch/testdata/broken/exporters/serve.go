package exporters

import (
	_ "github.com/kagu-db/kagu/exporters/galera"
)
