package remediator

import (
	_ "github.com/kagu-db/kagu/exporters"
)
