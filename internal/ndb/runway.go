package ndb

import (
	"slices"
	"time"
)

// A Sample is how full a resource was at a moment.
type Sample struct {
	At   time.Time
	Used float64 // in the unit of the total
}

// A Runway is when a resource is full if it goes on as it did.
type Runway struct {
	Known bool    `json:"known"`
	Hours float64 `json:"hours"`         // until it is full; meaningful if it is known
	Rate  float64 `json:"rate"`          // units an hour, over the samples that were used
	Why   string  `json:"why,omitempty"` // why it is not known
}

// What a rate needs to be believed.
const (
	minSamples  = 5
	minSpan     = time.Minute
	maxSamples  = 240 // beyond that the samples are thinned: every pair of them is compared
	restartDrop = 0.5 // a fall by more than this share between two samples is a restart
)

// RunwayOf measures the rate as the median of the slopes between all pairs of samples, which a
// checkpoint's saw teeth or a single odd sample do not move. What came before a restart is
// left out. A resource that does not grow has no runway.
func RunwayOf(samples []Sample, total float64) Runway {
	s := slices.Clone(samples)
	slices.SortStableFunc(s, func(a, b Sample) int { return a.At.Compare(b.At) })
	for i := len(s) - 1; i > 0; i-- {
		fell := s[i].Used < s[i-1].Used*(1-restartDrop)
		if fell && i > 1 { // one odd sample is no restart
			fell = s[i].Used < s[i-2].Used*(1-restartDrop)
		}
		if fell {
			s = s[i:]
			break
		}
	}
	if total <= 0 {
		return Runway{Why: "the resource's size is not known"}
	}
	if len(s) > 0 && s[len(s)-1].Used >= total {
		return Runway{Known: true}
	}
	if len(s) < minSamples {
		return Runway{Why: "too few samples"}
	}
	if s[len(s)-1].At.Sub(s[0].At) < minSpan {
		return Runway{Why: "the samples cover too short a time"}
	}
	s = thin(s)
	var slopes []float64
	for i := range s {
		for _, later := range s[i+1:] {
			if hours := later.At.Sub(s[i].At).Hours(); hours > 0 {
				slopes = append(slopes, (later.Used-s[i].Used)/hours)
			}
		}
	}
	slices.Sort(slopes)
	rate := median(slopes)
	if rate <= 0 {
		return Runway{Rate: rate, Why: "it does not grow"}
	}
	return Runway{Known: true, Rate: rate, Hours: (total - s[len(s)-1].Used) / rate}
}

// thin keeps the last sample and an even choice of the others.
func thin(s []Sample) []Sample {
	if len(s) <= maxSamples {
		return s
	}
	var few []Sample
	for i := range maxSamples - 1 {
		few = append(few, s[i*len(s)/maxSamples])
	}
	return append(few, s[len(s)-1])
}

func median(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
