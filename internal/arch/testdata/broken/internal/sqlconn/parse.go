package sqlconn

import (
	_ "github.com/kagu-db/kagu/tools"
	_ "github.com/prometheus/prometheus/promql/parser"
)
