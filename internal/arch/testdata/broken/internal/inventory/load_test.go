package inventory_test

import (
	_ "github.com/kagu-db/kagu/remediator"
)
