package exporters

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/kagu-db/kagu/internal/metric"
)

// defaultTimeout bounds a scrape that does not say how long it waits.
const defaultTimeout = 8 * time.Second

// Prober answers scrapes of targets.
type Prober struct {
	Fleet  *Fleet
	Self   Self
	Shared prometheus.Counter // scrapes that got another's result
	Offset time.Duration      // kept back from Prometheus' timeout for the way to it
	Log    *slog.Logger
}

// ServeHTTP answers /probe?target=NAME. With collect[]=COLLECTOR, once or more, only those run.
func (p *Prober) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("target")
	if name == "" {
		http.Error(w, "which target? Ask for /probe?target=NAME; /sd lists them", http.StatusBadRequest)
		return
	}
	p.serve(w, r, name)
}

// Own answers /metrics: what is in own, and the target's families too if name is not "".
func (p *Prober) Own(own prometheus.Gatherer, name string) http.Handler {
	if name == "" {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.write(w, r, own) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, name, own) })
}

func (p *Prober) serve(w http.ResponseWriter, r *http.Request, name string, more ...prometheus.Gatherer) {
	ctx, cancel := context.WithTimeout(r.Context(), p.timeout(r.Header))
	defer cancel()
	metrics, err := p.scrape(ctx, name, asked(r.URL.Query()["collect[]"]))
	switch {
	case errors.Is(err, errCollectors):
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case errors.Is(err, errUnknownTarget) && len(more) == 0:
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	case errors.Is(err, errUnknownTarget): // a reload took the node of --node away; our own page stays
	case err != nil:
		http.Error(w, "wait for the scrape that runs: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	p.write(w, r, append(pages{gathered(metrics)}, more...))
}

// write answers with a page, compressed if that is asked for.
func (p *Prober) write(w http.ResponseWriter, r *http.Request, page prometheus.Gatherer) {
	packed(promhttp.HandlerFor(page, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, ErrorLog: errorLog{p.Log}, DisableCompression: true,
	})).ServeHTTP(w, r)
}

// asked makes one list of those that mean the same.
func asked(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// scrape looks the target up again if a reload replaced it in between.
func (p *Prober) scrape(ctx context.Context, name string, asked []string) ([]prometheus.Metric, error) {
	for {
		t, err := p.Fleet.target(name)
		if err != nil {
			return nil, err
		}
		metrics, shared, err := t.scrape(ctx, asked, p.Self, p.Log)
		if errors.Is(err, errClosed) && ctx.Err() == nil {
			continue
		}
		if shared {
			p.Shared.Inc()
		}
		return metrics, err
	}
}

// timeout is what Prometheus says it waits, less the offset; half of it if that leaves nothing.
func (p *Prober) timeout(h http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(h.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0) || seconds > time.Hour.Seconds() {
		return defaultTimeout
	}
	announced := time.Duration(seconds * float64(time.Second))
	return max(announced-p.Offset, announced/2)
}

// gathered lets promhttp write metrics that were collected already.
type gathered []prometheus.Metric

// Gather sorts the metrics. A registry would check them too, each time, for several times the
// memory; that they are in order is for the tests to say.
func (g gathered) Gather() ([]*dto.MetricFamily, error) { return metric.Page(g) }

// pages are gatherers of which no two have a family in common: a target's, and our own. prometheus.Gatherers
// looks for such, and copies and checks each sample for it.
type pages []prometheus.Gatherer

// Gather lists the families of all, sorted.
func (p pages) Gather() ([]*dto.MetricFamily, error) {
	var all []*dto.MetricFamily
	var errs []error
	for _, g := range p {
		families, err := g.Gather()
		all, errs = append(all, families...), append(errs, err)
	}
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return all, errors.Join(errs...)
}

type errorLog struct{ log *slog.Logger }

// Println takes promhttp's complaint that a metric is inconsistent.
func (l errorLog) Println(v ...any) { l.log.Error("metrics are inconsistent", "reason", v) }

// group is one entry of Prometheus' HTTP service discovery.
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// Discover answers /sd with the targets in the form of Prometheus' http_sd: the address to
// scrape is the one we were asked at, and the labels say which target to ask it for.
func (f *Fleet) Discover(w http.ResponseWriter, r *http.Request) {
	groups := []group{}
	targets := *f.current.Load()
	for _, t := range slices.SortedFunc(maps.Values(targets), func(a, b *Target) int { return cmp.Compare(a.Name, b.Name) }) {
		labels := map[string]string{
			"instance":         t.Address,
			"__param_target":   t.Name,
			"__metrics_path__": "/probe",
		}
		maps.Copy(labels, t.Labels)
		groups = append(groups, group{Targets: []string{r.Host}, Labels: labels})
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(groups); err != nil {
		f.log.Debug("service discovery not delivered", "reason", err)
	}
}
