package galera

import (
	_ "github.com/kagu-db/kagu/exporters"
	_ "github.com/kagu-db/kagu/internal/metric"
)
