package exporters

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// Granted names the grants that a collector needs in its error if one is missing.
type Granted struct {
	Collector
	Needs   []sqlconn.Grant
	Account string // as kagu grants calls it
}

// Collect collects.
func (g Granted) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	err := g.Collector.Collect(ctx, emit)
	if !errors.Is(err, sqlconn.ErrGrant) || len(g.Needs) == 0 {
		return err
	}
	words := make([]string, len(g.Needs))
	for i, need := range g.Needs {
		words[i] = "GRANT " + need.String()
	}
	return fmt.Errorf("%w; it needs %s (`kagu grants %s` prints the SQL; --no-collector.%s does without)", err, strings.Join(words, ", "), g.Account, g.Name())
}
