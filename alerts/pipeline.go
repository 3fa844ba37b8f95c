package alerts

// pipeline returns the rule that watches the way of an alert itself.
func pipeline() []Group {
	return []Group{{Name: "pipeline", Rules: []Rule{{
		Name:        "Watchdog",
		Expr:        "vector(1)",
		Severity:    None,
		Scope:       ScopePipeline,
		Summary:     "Always firing: its absence means that alerts no longer arrive",
		Description: "Nothing is wrong while this alert is seen. A dead man's switch at its receiver raises the alarm when it stops.",
	}}}}
}
