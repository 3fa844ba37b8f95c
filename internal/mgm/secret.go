package mgm

// A Secret is a value that no way of printing shows.
type Secret struct{ reveal func() string }

// NewSecret keeps a value out of sight.
func NewSecret(value string) Secret { return Secret{func() string { return value }} }

// Reveal returns the value; "" for the zero Secret.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// String returns "<secret>".
func (Secret) String() string { return "<secret>" }

// GoString returns "<secret>".
func (Secret) GoString() string { return "<secret>" }

// MarshalText returns "<secret>".
func (Secret) MarshalText() ([]byte, error) { return []byte("<secret>"), nil }
