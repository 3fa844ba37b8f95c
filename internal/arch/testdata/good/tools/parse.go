package tools

import (
	_ "github.com/kagu-db/kagu/alerts"
	_ "github.com/prometheus/prometheus/promql/parser"
)
