package galera

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

// clock is the collector of the distance between the server's clock and ours.
type clock struct{ db pairer }

// clockQuery asks in UTC: in local time an hour comes twice in autumn.
const clockQuery = `SELECT 'utc', UTC_TIMESTAMP(6)`

// tripLimit is the longest round trip that still says something of a clock.
const tripLimit = 100 * time.Millisecond

// Name returns "clock".
func (clock) Name() string { return "clock" }

// Collect emits the distance, and how wrong it may be.
func (c clock) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	asked := time.Now()
	rows, err := c.db.Pairs(ctx, clockQuery)
	trip := time.Since(asked)
	if err != nil {
		return err
	}
	said, err := time.Parse("2006-01-02 15:04:05.999999", rows["utc"])
	if err != nil {
		return fmt.Errorf("read the server's time: %w", err)
	}
	if trip > tripLimit {
		return nil // a busy server, or a far one
	}
	emit(metric.GaleraServerClockOffsetSeconds.Sample(said.Sub(asked.Add(trip / 2)).Seconds()))
	emit(metric.GaleraServerClockOffsetErrorSeconds.Sample((trip / 2).Seconds()))
	return nil
}

// certificate is the collector of when the server's certificate ends. It asks nobody: the
// connection was shown the certificate when it was made.
type certificate struct{ shown func() (time.Time, bool) }

// Name returns "tls".
func (certificate) Name() string { return "tls" }

// Collect emits the end.
func (c certificate) Collect(_ context.Context, emit func(prometheus.Metric)) error {
	if at, ok := c.shown(); ok {
		emit(metric.GaleraTLSCertificateExpiryTimestampSeconds.Sample(float64(at.Unix())))
	}
	return nil
}

// allowlist is the collector of who may join the cluster.
type allowlist struct{ db pairer }

const allowlistQuery = `SELECT ip, '' FROM mysql.wsrep_allowlist`

// Name returns "allowlist".
func (allowlist) Name() string { return "allowlist" }

// Collect emits a fingerprint of the list. An empty one lets everybody in.
func (c allowlist) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	rows, err := c.db.Pairs(ctx, allowlistQuery)
	if err != nil {
		return err
	}
	value := 0.0
	if len(rows) > 0 {
		value = fingerprint(slices.Sorted(maps.Keys(rows))...)
	}
	emit(metric.GaleraAllowlistFingerprint.Sample(value))
	return nil
}
