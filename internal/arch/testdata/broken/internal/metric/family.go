package metric

import (
	_ "github.com/kagu-db/kagu/internal/cluster"
)
