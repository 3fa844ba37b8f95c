package alerts

import (
	"fmt"
	"strings"
	"time"
)

// Profile is how fast a fleet is watched. Everything that differs between production and
// the demo is a value here.
type Profile struct {
	Name string

	Scrape        time.Duration
	ScrapeTimeout time.Duration
	Evaluate      time.Duration
	Discover      time.Duration // how often the exporter is asked for its targets

	// Impatience is taken off the For of every rule: what production waits for briefly is
	// not waited for at all, what it gives minutes still gets minutes.
	Impatience time.Duration

	Look Pace // to the remediator
	Page Pace // to humans, critical alerts
	Tell Pace // to humans, all others
}

// Pace is how fast a route of Alertmanager sends.
type Pace struct {
	Wait   time.Duration // before the first message of a group
	Again  time.Duration // before the next, when the group changed
	Repeat time.Duration // before the next, when it did not
}

// Production asks the remediator to look within seconds and lets humans sleep on what it
// heals by itself: an alert that is over before Tell.Wait has passed is never sent to them.
var Production = Profile{
	Name:   "production",
	Scrape: 5 * time.Second, ScrapeTimeout: 4 * time.Second, Evaluate: 5 * time.Second, Discover: 30 * time.Second,
	Look: Pace{Wait: 0, Again: 5 * time.Second, Repeat: time.Minute},
	Page: Pace{Wait: 5 * time.Second, Again: 30 * time.Second, Repeat: time.Hour},
	Tell: Pace{Wait: time.Minute, Again: 2 * time.Minute, Repeat: 12 * time.Hour},
}

// Demo shows each step as soon as it happens.
var Demo = Profile{
	Name:   "demo",
	Scrape: 2 * time.Second, ScrapeTimeout: 1900 * time.Millisecond, Evaluate: 2 * time.Second, Discover: 5 * time.Second,
	Impatience: 30 * time.Second,
	Look:       Pace{Wait: 0, Again: time.Second, Repeat: 15 * time.Second},
	Page:       Pace{Wait: 0, Again: time.Second, Repeat: 10 * time.Minute},
	Tell:       Pace{Wait: 0, Again: time.Second, Repeat: 10 * time.Minute},
}

// Profiles lists the profiles.
func Profiles() []Profile { return []Profile{Production, Demo} }

// ProfileNamed returns the profile of that name.
func ProfileNamed(name string) (Profile, error) {
	var names []string
	for _, p := range Profiles() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("no profile %q: want %s", name, strings.Join(names, " or "))
}

func (p Profile) hold(r Rule) time.Duration {
	return max(0, r.For-p.Impatience)
}
