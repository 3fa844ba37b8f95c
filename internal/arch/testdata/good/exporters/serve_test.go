package exporters_test

import (
	_ "github.com/kagu-db/kagu/exporters/galera"
	_ "github.com/kagu-db/kagu/internal/lab"
)
