package lab

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

func TestParseStat(t *testing.T) {
	stat := func(name, state string, threads int) string {
		return fmt.Sprintf("29871 (%s) %s 29862 29862 8803 0 -1 4227084 2934 6557 2 0 6 1 6 0 20 0 %d 0 173679 0 0 18446744073709551615", name, state, threads)
	}
	for _, c := range []struct {
		name, text  string
		there, stop bool
	}{
		{"one that runs", stat("ndb_mgmd", "S", 9), true, false},
		{"one that is stopped", stat("ndbmtd", "T", 9), true, true},
		{"one that has ended and was not collected", stat("ndb_mgmd", "Z", 1), false, false},
		{"one whose first thread has ended and holds its port still by another", stat("ndb_mgmd", "Z", 2), true, false},
		{"one that is being taken away", stat("ndb_mgmd", "X", 1), false, false},
		{"a name that looks like more of the line", stat("a) Z 1 (b", "S", 1), true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			start, parent, stopped, err := parseStat([]byte(c.text))
			if !c.there {
				if !errors.Is(err, os.ErrProcessDone) {
					t.Errorf("got %v", err)
				}
				return
			}
			if start != 173679 || parent != 29862 || stopped != c.stop || err != nil {
				t.Errorf("start %d, parent %d, stopped %t, error %v", start, parent, stopped, err)
			}
		})
	}
	for _, text := range []string{"", "1 (x", "1 (x) S 1", stat("x", "S", 1)[:60]} {
		if _, _, _, err := parseStat([]byte(text)); err == nil || errors.Is(err, os.ErrProcessDone) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
