package inventory

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/units"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// text returns the text of a key, "" if it is absent or wrong; then that is reported.
func (s *section) text(name string) string {
	e, found := s.entries[name]
	if !found {
		return ""
	}
	return s.textOf(e, join(s.path, name))
}

func (r *reader) textOf(e entry, path string) string {
	n := e.value
	switch {
	case isNull(n) || n.Kind == yaml.ScalarNode && strings.TrimSpace(n.Value) == "":
		r.fault(e.key, path, "is empty", "fill it in or remove the line")
		return ""
	case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!str":
		r.fault(n, path, fmt.Sprintf("is %s; text is wanted", describe(n)), fmt.Sprintf("write %q, with the quotes", n.Value))
		return ""
	case n.Kind != yaml.ScalarNode:
		r.fault(n, path, fmt.Sprintf("is %s; text is wanted", describe(n)), "write one value after the colon")
		return ""
	}
	if i := strings.IndexFunc(n.Value, isControl); i >= 0 {
		r.fault(n, path, fmt.Sprintf("holds the control character %q", n.Value[i:i+1]), "write it on one line, without it")
		return ""
	}
	return n.Value
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

// need is text for a key that must be there.
func (s *section) need(name, remedy string) string {
	if !s.has(name) {
		s.missing(name, remedy)
		return ""
	}
	return s.text(name)
}

var (
	plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	hostName  = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,252}$`)
	dnsName   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.?$`)
	unitName  = regexp.MustCompile(`^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]*\.service$`)
)

// name checks a name that becomes a label, a file name and a word of a command.
func (r *reader) name(at *yaml.Node, path, value string, shape *regexp.Regexp) bool {
	if shape.MatchString(value) {
		return true
	}
	r.fault(at, path, fmt.Sprintf("%q is not a name", shorten(value)), "use lower-case letters, digits, - and _, beginning with a letter or digit")
	return false
}

// choice returns one of a closed list of words, fallback if the key is absent.
func (s *section) choice(name, fallback string, words ...string) string {
	if !s.has(name) {
		return fallback
	}
	value := s.text(name)
	if value == "" {
		return fallback
	}
	for _, w := range words {
		if w == value {
			return value
		}
	}
	s.fault(s.entries[name].value, join(s.path, name), fmt.Sprintf("unknown %s %q", name, shorten(value)), "use "+strings.Join(words, ", "))
	return fallback
}

// duration returns a duration as Prometheus writes them (90s, 10m, 1h30m, 7d).
func (s *section) duration(name string, fallback, least time.Duration) time.Duration {
	if !s.has(name) {
		return fallback
	}
	e, path := s.entries[name], join(s.path, name)
	if e.value.Kind == yaml.ScalarNode && e.value.ShortTag() == "!!int" {
		s.fault(e.value, path, fmt.Sprintf("%s has no unit", shorten(e.value.Value)), fmt.Sprintf("write %ss, %sm or %sh", e.value.Value, e.value.Value, e.value.Value))
		return fallback
	}
	value := s.text(name)
	if value == "" {
		return fallback
	}
	d, err := model.ParseDuration(value)
	switch {
	case err != nil:
		s.fault(e.value, path, fmt.Sprintf("%q is not a duration", shorten(value)), "write a number and a unit, such as 90s, 10m or 1h30m")
		return fallback
	case time.Duration(d) < least:
		s.fault(e.value, path, fmt.Sprintf("%s is too short", value), fmt.Sprintf("give %s or more", least))
		return fallback
	}
	return time.Duration(d)
}

// share returns a number from 0 to below 1.
func (s *section) share(name string, fallback float64) float64 {
	if !s.has(name) {
		return fallback
	}
	n := s.entries[name].value
	value, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || err != nil || !(value >= 0 && value < 1) {
		s.fault(n, join(s.path, name), fmt.Sprintf("%s is not a share from 0 to below 1", quote(n)), "write 0.05 for 5 %")
		return fallback
	}
	return value
}

// whole returns a whole number between low and high, 0 if it is absent or wrong.
func (s *section) whole(name string, low, high int) int {
	e, found := s.entries[name]
	if !found {
		return 0
	}
	value, err := strconv.Atoi(e.value.Value)
	if e.value.Kind != yaml.ScalarNode || e.value.ShortTag() != "!!int" || err != nil ||
		strconv.Itoa(value) != e.value.Value || value < low || value > high {
		s.fault(e.value, join(s.path, name), fmt.Sprintf("%s is not a whole number from %d to %d", quote(e.value), low, high), "write it in plain digits, without quotes")
		return 0
	}
	return value
}

// listener returns address:port, written so that two ways to write one address are the same.
func (s *section) listener(name, example string) string {
	value := s.need(name, "give address and port, such as "+example)
	if value == "" {
		return ""
	}
	n, path := s.entries[name].value, join(s.path, name)
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		s.fault(n, path, fmt.Sprintf("%q is not address:port", shorten(value)), "write it such as "+example+"; an IPv6 address goes in brackets")
		return ""
	}
	if p, err := strconv.ParseUint(port, 10, 16); err != nil || p == 0 || strconv.FormatUint(p, 10) != port {
		s.fault(n, path, fmt.Sprintf("%q is not a port", shorten(port)), "give a number from 1 to 65535")
		return ""
	}
	if host = s.machine(n, path, host); host == "" {
		return ""
	}
	return net.JoinHostPort(host, port)
}

// machine checks an IP address or DNS name that one can connect to.
func (r *reader) machine(at *yaml.Node, path, value string) string {
	if ip, err := netip.ParseAddr(value); err == nil {
		if ip.IsUnspecified() || ip.IsMulticast() {
			r.fault(at, path, fmt.Sprintf("%s is no address of one machine", value), "give the address at which it can be reached")
			return ""
		}
		return ip.Unmap().String()
	}
	// What looks like an IPv4 address and is none (10.0.0.300) would pass for a DNS name.
	if len(value) > 253 || !dnsName.MatchString(value) || strings.Trim(value, "0123456789.") == "" {
		r.fault(at, path, fmt.Sprintf("%q is neither an IP address nor a DNS name", shorten(value)), "write it such as 10.0.0.11 or db1.example.net")
		return ""
	}
	return strings.ToLower(value)
}

// remotePath returns a path on a host, which must be complete.
func (s *section) remotePath(name string) string {
	value := s.text(name)
	if value != "" && !filepath.IsAbs(value) {
		s.fault(s.entries[name].value, join(s.path, name), fmt.Sprintf("%q is not a complete path", shorten(value)), "begin it with /")
		return ""
	}
	return value
}

// localPath returns a path on this machine; a relative one is relative to kagu.yaml.
func (s *section) localPath(name string) string {
	value := s.text(name)
	if value == "" || filepath.IsAbs(value) {
		return value
	}
	return filepath.Join(s.dir, value)
}

// address returns the http or https URL of a key, without a slash at its end.
func (s *section) address(name, fallback string) string {
	value := s.text(name)
	if value == "" {
		return fallback
	}
	if !isWebAddress(value) {
		s.fault(s.entries[name].value, join(s.path, name), fmt.Sprintf("%q is not a URL", shorten(value)), "write it such as "+fallback)
		return fallback
	}
	return strings.TrimRight(value, "/")
}

func isWebAddress(value string) bool {
	u, err := url.Parse(value)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
}

// quote returns a scalar as it was written, in short.
func quote(n *yaml.Node) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		return describe(n)
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		return strconv.Quote(shorten(n.Value))
	default:
		return shorten(n.Value)
	}
}

// shorten keeps a long value from flooding a message.
func shorten(value string) string {
	const most = 60
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return value
}

// truth returns true or false, false if the key is absent.
func (s *section) truth(name string) bool {
	e, found := s.entries[name]
	if !found {
		return false
	}
	var value bool
	if err := e.value.Decode(&value); err != nil || e.value.ShortTag() != "!!bool" {
		s.fault(e.value, join(s.path, name), fmt.Sprintf("%s is neither true nor false", quote(e.value)), "write true or false, without quotes")
	}
	return value
}

// bytes returns a number of bytes, written with a unit (64MiB); 0 if the key is absent.
func (s *section) bytes(name string) int64 {
	value := s.text(name)
	if value == "" {
		return 0
	}
	n, err := units.ParseBase2Bytes(value)
	if err != nil || n < 64<<10 {
		s.fault(s.entries[name].value, join(s.path, name), fmt.Sprintf("%q is not a size of 64 KiB or more", shorten(value)), "write it with a unit, such as 64MiB")
		return 0
	}
	return int64(n)
}
