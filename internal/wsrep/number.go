package wsrep

import (
	"math"
	"strconv"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// Int is a whole number that may be absent. Its zero value is absent.
type Int struct {
	Value int64
	Known bool
}

// ParseInt reads a number. "Undefined" is -1, or 2^64-1 where the server prints it unsigned;
// that, any other negative number and everything that is no number are absent.
func ParseInt(text string) Int {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n > math.MaxInt64 {
		return Int{}
	}
	return Int{Value: int64(n), Known: true}
}

// Real is a number that may be absent. Its zero value is absent.
type Real struct {
	Value float64
	Known bool
}

// ParseReal reads a number, in scientific notation too. A negative one, an endless one and
// everything that is no number are absent.
func ParseReal(text string) Real {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return Real{}
	}
	return Real{Value: v, Known: true}
}

// ParsePosition returns the seqno of "uuid:seqno". One that is undefined is absent.
func ParsePosition(text string) Int {
	uuid, seqno, ok := strings.Cut(text, ":")
	if !ok || ParseUUID(uuid) == "" {
		return Int{}
	}
	return ParseInt(seqno)
}

// ParseBool reads ON and OFF, true and false, yes and no, 1 and 0, in any case. Everything
// else is Unknown.
func ParseBool(text string) cluster.Truth {
	for _, word := range [...]string{"on", "true", "yes", "1"} {
		if strings.EqualFold(text, word) {
			return cluster.Yes
		}
	}
	for _, word := range [...]string{"off", "false", "no", "0"} {
		if strings.EqualFold(text, word) {
			return cluster.No
		}
	}
	return cluster.Unknown
}

// ParseUUID returns the UUID, or "" if the text is none or is all zero, which means undefined.
func ParseUUID(text string) string {
	const pattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(text) != len(pattern) {
		return ""
	}
	zero := true
	for i := range len(text) {
		switch c := text[i]; {
		case pattern[i] == '-':
			if c != '-' {
				return ""
			}
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			zero = zero && c == '0'
		default:
			return ""
		}
	}
	if zero {
		return ""
	}
	return text
}
