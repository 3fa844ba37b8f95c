package metric

// The families of galera_exporter about what lies between a server and those who ask it.
var (
	GaleraServerClockOffsetSeconds = inClock.family("galera_server_clock_offset_seconds", gauge, nil,
		"The server's clock minus that of the exporter, at half the round trip; absent if that took over 0.1 s (UTC_TIMESTAMP).",
		"UTC_TIMESTAMP(6)", "Compare members that one exporter asks: apart by a second, time stamps lie; fix the time service. 0 on the database host itself.")
	GaleraServerClockOffsetErrorSeconds = inClock.family("galera_server_clock_offset_error_seconds", gauge, nil,
		"By how much galera_server_clock_offset_seconds may be wrong: half the round trip (own).",
		"UTC_TIMESTAMP(6)", "Above the offset: the offset says nothing.")
	GaleraTLSCertificateExpiryTimestampSeconds = inTLS.family("galera_tls_certificate_expiry_timestamp_seconds", gauge, nil,
		"Unix time at which the certificate ends that the server showed to the exporter's connection, made anew each hour; absent if that is not encrypted (TLS handshake).",
		"TLS handshake", "Within weeks: renew it and FLUSH SSL. After it, clients that verify are refused. The certificate of replication (socket.ssl_cert) is not seen by SQL.")
	GaleraAllowlistFingerprint = inAllowlist.family("galera_allowlist_fingerprint", gauge, nil,
		"Fingerprint of the addresses that may join the cluster, 0 if all may; MariaDB from 10.10 on (mysql.wsrep_allowlist).",
		"mysql.wsrep_allowlist", "Different between members: they do not let in the same, and a member that is away may not come back.")
)

// galeraEdge lists them, in the order of the documentation.
var galeraEdge = []*Family{GaleraServerClockOffsetSeconds, GaleraServerClockOffsetErrorSeconds, GaleraTLSCertificateExpiryTimestampSeconds, GaleraAllowlistFingerprint}
