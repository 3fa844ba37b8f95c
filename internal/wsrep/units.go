package wsrep

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseSize reads a whole number of bytes with an optional K, M, G or T of either case, each a
// power of 1024.
func ParseSize(text string) Int {
	shift := 0
	if text != "" {
		switch text[len(text)-1] | 0x20 {
		case 'k':
			shift = 10
		case 'm':
			shift = 20
		case 'g':
			shift = 30
		case 't':
			shift = 40
		}
	}
	if shift > 0 {
		text = text[:len(text)-1]
	}
	n := ParseInt(text)
	if !n.Known || n.Value > math.MaxInt64>>shift {
		return Int{}
	}
	return Int{Value: n.Value << shift, Known: true}
}

// ParsePeriod reads an ISO 8601 period of days, hours, minutes and seconds: PT0.5S, P1DT2H.
// Months and years have no fixed length and are refused.
func ParsePeriod(text string) (time.Duration, bool) {
	rest, ok := strings.CutPrefix(text, "P")
	if !ok || rest == "" || strings.HasSuffix(rest, "T") {
		return 0, false
	}
	date, clock, _ := strings.Cut(rest, "T")
	days, ok1 := addUnits(date, "D", []time.Duration{24 * time.Hour})
	times, ok2 := addUnits(clock, "HMS", []time.Duration{time.Hour, time.Minute, time.Second})
	sum := days + times
	if !ok1 || !ok2 || sum > math.MaxInt64 {
		return 0, false
	}
	return time.Duration(sum), true
}

// addUnits reads numbers, each followed by one of the letters in their order.
func addUnits(text, letters string, units []time.Duration) (nanoseconds float64, ok bool) {
	for text != "" {
		at := strings.IndexAny(text, letters)
		if at < 1 || strings.Trim(text[:at], "0123456789.") != "" {
			return 0, false
		}
		n, err := strconv.ParseFloat(text[:at], 64)
		if err != nil {
			return 0, false
		}
		used := strings.IndexByte(letters, text[at])
		nanoseconds += n * float64(units[used])
		letters, units, text = letters[used+1:], units[used+1:], text[at+1:]
	}
	return nanoseconds, true
}
