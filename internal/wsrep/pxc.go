package wsrep

import (
	"strconv"
	"strings"
)

// IST is the progress of an incremental transfer that this node receives, as PXC gives it.
// Absent while there is none.
type IST struct {
	Known               bool
	Start, Current, End int64
}

// ParseIST joins the three variables, all of them 0 while no transfer runs. The text of
// wsrep_ist_receive_status says the same in prose and is not read.
func ParseIST(start, current, end Int) IST {
	if !start.Known || !current.Known || !end.Known || end.Value == 0 {
		return IST{}
	}
	return IST{Known: true, Start: start.Value, Current: current.Value, End: end.Value}
}

// Monitors is how many write sets are in each of the provider's monitors, as PXC gives it.
type Monitors struct {
	Known                bool
	Local, Apply, Commit int64
}

// ParseMonitors reads "[ (entered,left), (entered,left), (entered,left) ]" for the local, apply
// and commit monitors.
func ParseMonitors(text string) Monitors {
	inner, ok := strings.CutPrefix(strings.TrimSpace(text), "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !ok || !closed {
		return Monitors{}
	}
	pairs := strings.SplitAfter(inner, ")")
	if len(pairs) != 4 || strings.TrimSpace(pairs[3]) != "" {
		return Monitors{}
	}
	var pending [3]int64
	for i, pair := range pairs[:3] {
		pair = strings.Trim(pair, " ,()")
		entered, left, _ := strings.Cut(pair, ",")
		e, err1 := strconv.ParseInt(strings.TrimSpace(entered), 10, 64)
		l, err2 := strconv.ParseInt(strings.TrimSpace(left), 10, 64)
		if err1 != nil || err2 != nil || e < 0 || l < 0 || e < l {
			return Monitors{}
		}
		pending[i] = e - l
	}
	return Monitors{Known: true, Local: pending[0], Apply: pending[1], Commit: pending[2]}
}
