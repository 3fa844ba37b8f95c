package cluster

import (
	_ "github.com/kagu-db/kagu/internal/inventory"
	_ "github.com/prometheus/common/model"
)
