package inventory

import (
	_ "github.com/kagu-db/kagu/remediator"
)
