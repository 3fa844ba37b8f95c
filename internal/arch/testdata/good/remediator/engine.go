package remediator

type log struct{ Fatal string }

type engine struct{}

// A method of that name is no init, a field of that name no exit.
func (engine) init() string { var l log; return l.Fatal }
