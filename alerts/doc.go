// Package alerts judges: it holds every alerting rule of Kagu as a value and renders the
// configuration of Prometheus and Alertmanager around them.
//
// An alert makes the remediator look, and a human read; it never says what to do. A rule
// must not fall silent because its evidence vanished: where a series can disappear with the
// thing that it describes, the rule falls back on what was last known.
package alerts
