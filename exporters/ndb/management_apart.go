package ndb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/mgm"
)

// clients is the collector of who is connected beside data nodes and management servers.
type clients struct{ side *side }

// Name returns "management.clients".
func (clients) Name() string { return "management.clients" }

// Collect asks every management server, for judgement compares them, and emits the answer of the
// one that knows most. It fails only without an answer: what was told before would be kept for
// as long as one server of two is away, and management says which is.
func (c clients) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	var errs []error
	var best headcount
	told := false
	for _, s := range c.side.observer.seats {
		nodes, err := s.askOthers(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
			continue
		}
		if n := headcountOf(nodes); !told || n.unknown < best.unknown {
			best, told = n, true
		}
	}
	if !told {
		return errors.Join(errs...)
	}
	emit(metric.NdbAPIConnections.Sample(float64(best.configured), "configured"))
	if best.unknown < best.configured || best.configured == 0 {
		emit(metric.NdbAPIConnections.Sample(float64(best.connected), "connected"))
	}
	emit(metric.NdbAPIConnections.Sample(float64(best.unknown), "unknown"))
	return nil
}

// A headcount is of clients.
type headcount struct{ configured, connected, unknown int }

func headcountOf(nodes []mgm.NodeStatus) headcount {
	n := headcount{configured: len(nodes)}
	for _, node := range nodes {
		switch node.State {
		case mgm.StateConnected:
			n.connected++
		case mgm.StateNoContact:
		default:
			n.unknown++
		}
	}
	return n
}

// memory is the collector of data memory without a SQL node.
type memory struct{ side *side }

// Name returns "management.memory".
func (memory) Name() string { return "management.memory" }

// memories are the blocks that report memory and our words for what they hold.
var memories = map[uint64]string{249: "data", 248: "hash_index"} // DBTUP, DBACC

// Collect asks the management servers until one has reports: one that is cut off has none.
func (c memory) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	var errs []error
	for _, s := range c.side.observer.seats {
		reports, err := s.apart.DumpEvents(ctx, mgm.MemoryUsage)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
			continue
		}
		if len(reports) == 0 {
			continue
		}
		e := c.side.emitter(emit)
		data, index := map[int]Use{}, map[int]Use{} // by node
		for _, r := range reports {
			used, total, of, ok := memoryOf(r)
			if !ok {
				continue
			}
			e.of(metric.NdbMgmMemoryBytes, used, itoa(r.Source), of, "used")
			e.of(metric.NdbMgmMemoryBytes, total, itoa(r.Source), of, "total")
			if of == "data" {
				data[r.Source] = Use{Used: used, Total: total}
			} else {
				index[r.Source] = Use{Used: used, Total: total}
			}
		}
		// They share one memory: the total of each is what the other leaves. The sum is what
		// ndbinfo tells, and a rate may be taken over both.
		for node, d := range data {
			if i, ok := index[node]; ok {
				c.side.stream.past.memory(node, time.Now(), d.Used+i.Used, d.Total+i.Used)
			}
		}
		return nil
	}
	return errors.Join(errs...)
}

// memoryOf reads a report of memory, in bytes.
func memoryOf(r mgm.Event) (used, total float64, of string, ok bool) {
	page, _ := r.Value("page_size_bytes")
	pages, known := r.Value("pages_used")
	all, whole := r.Value("pages_total")
	block, _ := r.Value("block")
	of, named := memories[block]
	return float64(pages * page), float64(all * page), of, known && whole && named && all > 0
}

// sessions is the collector of who is connected to the management servers, and how.
type sessions struct{ side *side }

// Name returns "management.sessions".
func (sessions) Name() string { return "management.sessions" }

// Collect asks every management server. One before 8.3 knows nothing of TLS.
func (c sessions) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	var errs, silent []error
	answered := false
	e := c.side.emitter(emit)
	for _, s := range c.side.observer.seats {
		stats, err := s.apart.TLSStats(ctx)
		if errors.Is(err, mgm.ErrDesynchronised) { // a command that it does not know
			answered = true
			continue
		}
		if err != nil {
			silent = append(silent, fmt.Errorf("%s: %w", s.name, err))
			continue
		}
		answered = true
		e.of(metric.NdbMgmdSessions, float64(stats.Current), s.id, "all")
		e.of(metric.NdbMgmdSessions, float64(stats.TLS), s.id, "tls")
		e.of(metric.NdbMgmdRefusedTotal, float64(stats.Refused), s.id)
		certificates, err := s.apart.Certificates(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
			continue
		}
		earliest := map[string]float64{} // a client may have several sessions
		for _, cert := range certificates {
			if cert.Expires.IsZero() {
				continue
			}
			name, at := shown(cert.Name), float64(cert.Expires.Unix())
			if first, again := earliest[name]; !again || at < first {
				earliest[name] = at
			}
		}
		for name, at := range earliest {
			e.of(metric.NdbMgmdClientCertificateExpiryTimestampSeconds, at, s.id, name)
		}
	}
	if !answered { // one of several that is away is told of by management
		errs = append(errs, silent...)
	}
	return errors.Join(errs...)
}
