package cluster

import (
	_ "time"
)
