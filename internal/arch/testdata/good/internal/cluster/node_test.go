package cluster_test

import (
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/kagu-db/kagu/internal/cluster"
)
