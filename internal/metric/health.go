package metric

import "github.com/prometheus/client_golang/prometheus"

// The families of galera_exporter about what it tells proxies. A target has them while a proxy
// asks about it.
var (
	GaleraHealth = health("galera_health", gauge, []string{"kind"},
		"1 if a proxy that asks /health/KIND is told yes now, else 0, and 0 too if the last look is too old to tell; kind is writer, reader or any (own).",
		"0: ask the exporter, `curl HOST:10041/health/writer`; the line says why. All members 0: no writes get through.")
	GaleraHealthTransitionsTotal = health("galera_health_transitions_total", counter, []string{"kind", "to"},
		"How often the answer to proxies changed; to is up or down; looks that are too old are not counted (own).",
		"Rising: the node flaps. Raise --health.rise while you look for the cause.")
	GaleraHealthAgeSeconds = health("galera_health_age_seconds", gauge, nil,
		"Seconds since the look began on which the answers to proxies rest (own).",
		"Above --health.max-age: the server does not answer in time, and proxies are told no.")
	GaleraHealthLookDurationSeconds = health("galera_health_look_duration_seconds", gauge, nil,
		"Seconds that the last look took (own).",
		"Near --health.max-age: the server is slow to answer SHOW; look at its load, or raise --health.max-age.")
	GaleraHealthLooksTotal = health("galera_health_looks_total", counter, nil,
		"Looks at the node for proxies (own).",
		"Two for each --health.max-age. Fewer: looks hang.")
	GaleraHealthLateLooksTotal = health("galera_health_late_looks_total", counter, nil,
		"Looks that took longer than --health.max-age, so that proxies were told no (own).",
		"Rising on a node that is well: the host is overloaded, and proxies move traffic for that.")
)

// Health lists the families about what proxies are told.
func Health() []*Family {
	return []*Family{
		GaleraHealth, GaleraHealthTransitionsTotal, GaleraHealthAgeSeconds,
		GaleraHealthLookDurationSeconds, GaleraHealthLooksTotal, GaleraHealthLateLooksTotal,
	}
}

func health(name string, kind prometheus.ValueType, labels []string, help, moves string) *Family {
	return Family{
		Name: name, Type: kind, Help: help, Labels: labels, Target: galeraTarget,
		Source: "own", Cost: Own, Moves: moves,
	}.declare()
}
