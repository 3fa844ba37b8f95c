package wsrep

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

// Options are the provider's options. Names are asked for as the manual writes them
// ("gcs.fc_limit"), whichever way the server gave them.
type Options struct{ values map[string]string }

// ParseProviderOptions reads the text of wsrep_provider_options, "key = value; key = value; ".
// A value may be empty and may hold "=" and blanks. Of a key that comes twice the last counts.
func ParseProviderOptions(text string) Options {
	o := Options{values: make(map[string]string, 64)}
	for pair := range strings.SplitSeq(text, ";") {
		key, value, ok := strings.Cut(pair, "=")
		if key = optionKey(key); !ok || key == "" {
			continue
		}
		o.values[key] = strings.TrimSpace(value)
	}
	return o
}

// OptionsOf reads the options from the server's variables, keys in lower case. A server with the
// provider plugin (MariaDB 11.4 and later) has a variable for each option, and these win over
// the text of wsrep_provider_options.
func OptionsOf(vars map[string]string) Options {
	o := ParseProviderOptions(vars["wsrep_provider_options"])
	for name, value := range vars {
		key, ok := strings.CutPrefix(name, "wsrep_provider_")
		if ok && key != "options" {
			o.values[optionKey(key)] = strings.TrimSpace(value)
		}
	}
	return o
}

// optionKey makes one of the two ways in which servers write an option's name.
func optionKey(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), ".", "_"))
}

// Text returns an option's value as the server gives it.
func (o Options) Text(name string) (string, bool) {
	v, ok := o.values[optionKey(name)]
	return v, ok
}

// Int returns an option that is a whole number.
func (o Options) Int(name string) Int {
	v, _ := o.Text(name)
	return ParseInt(v)
}

// Size returns an option that is a size, in bytes.
func (o Options) Size(name string) Int {
	v, _ := o.Text(name)
	return ParseSize(v)
}

// Bool returns an option that is a yes or a no.
func (o Options) Bool(name string) cluster.Truth {
	v, _ := o.Text(name)
	return ParseBool(v)
}

// Float returns an option that is a number.
func (o Options) Float(name string) (float64, bool) {
	v, ok := o.Text(name)
	f, err := strconv.ParseFloat(v, 64)
	if !ok || err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// Duration returns an option that is a period.
func (o Options) Duration(name string) (time.Duration, bool) {
	v, _ := o.Text(name)
	return ParsePeriod(v)
}

// String prints the options for a human, sorted, without secrets and without paths.
func (o Options) String() string {
	lines := make([]string, 0, len(o.values))
	for key, value := range o.values {
		if !private(key, value) {
			lines = append(lines, key+"="+value)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// GoString is String, so that no way of printing shows more.
func (o Options) GoString() string { return o.String() }

func private(key, value string) bool {
	for _, part := range [...]string{"ssl_key", "ssl_cert", "ssl_ca", "password", "secret", "_dir", "gcache_name"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return strings.HasPrefix(value, "/")
}
