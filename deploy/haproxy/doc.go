// Package haproxy holds configurations of HAProxy that go with galera_exporter's health
// answers, and their test. There is no Go in it but the test.
package haproxy
