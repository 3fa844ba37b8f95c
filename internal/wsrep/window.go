package wsrep

// Window is what a node says in averages and extremes since somebody said FLUSH STATUS, or
// since it started. Two scrapes cannot be compared; never alert on them.
type Window struct {
	RecvQueueMax, RecvQueueMin, RecvQueueAvg Real
	SendQueueMax, SendQueueMin, SendQueueAvg Real
	CertDistance, CertInterval               Real
	ApplyOutOfOrder, Apply, Commit           Real
}

func parseWindow(vars map[string]string) Window {
	number := func(name string) Real { return ParseReal(vars["wsrep_"+name]) }
	return Window{
		RecvQueueMax: number("local_recv_queue_max"), RecvQueueMin: number("local_recv_queue_min"), RecvQueueAvg: number("local_recv_queue_avg"),
		SendQueueMax: number("local_send_queue_max"), SendQueueMin: number("local_send_queue_min"), SendQueueAvg: number("local_send_queue_avg"),
		CertDistance: number("cert_deps_distance"), CertInterval: number("cert_interval"),
		ApplyOutOfOrder: number("apply_oooe"), Apply: number("apply_window"), Commit: number("commit_window"),
	}
}
