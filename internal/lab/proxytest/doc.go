// Package proxytest puts what is shipped for proxies in front of a lab, as a user would: an
// exporter on each host, HAProxy with the files of deploy/haproxy. Beside it stands what others
// use, clustercheck by socat, to measure against. A Client writes through either and keeps a
// ledger of what was acknowledged.
package proxytest
