package exporters

import "fmt"

// steady keeps a node from flapping: a no counts at once, a yes after a no only once it was
// said in enough looks in a row. The first look is believed.
type steady struct {
	rise  int
	begun bool
	up    [len(kinds)]bool
	good  [len(kinds)]int // looks in a row that said yes since the last no
}

// next takes what a look found and returns what is said.
func (s *steady) next(v Verdicts) Verdicts {
	for k := range v.Of {
		found := &v.Of[k]
		if !found.OK {
			s.up[k], s.good[k] = false, 0
			continue
		}
		s.good[k]++
		s.up[k] = s.up[k] || !s.begun || s.good[k] >= s.rise
		if !s.up[k] {
			*found = Verdict{Reason: fmt.Sprintf("%s again, seen in %d of %d looks", found.Reason, s.good[k], s.rise)}
		}
	}
	s.begun = true
	return v
}
