package remediator_test

import (
	_ "github.com/kagu-db/kagu/exporters"
)
