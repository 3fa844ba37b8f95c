package metric

import (
	_ "github.com/prometheus/client_golang/prometheus"
	_ "strings"
)
