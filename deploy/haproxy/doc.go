// Package haproxy holds configurations of HAProxy that go with galera_exporter's health
// answers. The lab and the tests put their own addresses into them, and run them as they are.
package haproxy
