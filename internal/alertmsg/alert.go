package alertmsg

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/prometheus/alertmanager/template"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/httpjson"
)

// Name returns the name of an alert, fit to be kept and shown.
func Name(a template.Alert) string { return cluster.Printable(httpjson.Clip(a.Labels["alertname"])) }

// Fingerprint returns what tells an alert from others: Alertmanager's own fingerprint, or one of
// its labels where that is missing or no fingerprint.
func Fingerprint(a template.Alert) string {
	if a.Fingerprint != "" && len(a.Fingerprint) <= 64 {
		return a.Fingerprint
	}
	h := fnv.New64a()
	for _, pair := range a.Labels.SortedPairs() {
		fmt.Fprintf(h, "%q=%q,", pair.Name, pair.Value)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// StartsAt returns when an alert began, or a moment long ago where it does not say so or names one
// that cannot be: it is too old to act on.
func StartsAt(a template.Alert) time.Time {
	if y := a.StartsAt.Year(); y < 2000 || y > 2200 { // also what UnixNano cannot hold
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return a.StartsAt
}
