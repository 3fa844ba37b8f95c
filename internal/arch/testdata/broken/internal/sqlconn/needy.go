package sqlconn

import (
	_ "github.com/kagu-db/kagu/internal/needs"
)
