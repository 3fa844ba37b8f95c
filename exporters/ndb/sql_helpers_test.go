package ndb

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// once is a fake that refuses the first statement that has a part.
type once struct {
	*fake
	part string
	err  error
	done atomic.Bool
}

func (o *once) Table(ctx context.Context, query string) ([]map[string]string, error) {
	if strings.Contains(query, o.part) && o.done.CompareAndSwap(false, true) {
		return nil, o.err
	}
	return o.fake.Table(ctx, query)
}

func valueOf(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	var d dto.Metric
	if err := m.Write(&d); err != nil {
		t.Fatal(err)
	}
	return d.GetCounter().GetValue() + d.GetGauge().GetValue()
}
