package exporters

import (
	_ "github.com/kagu-db/kagu/internal/lab"
)
