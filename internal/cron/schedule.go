package cron

import (
	"errors"
	"strings"
	"time"

	parser "github.com/netresearch/go-cron"
)

// Schedule is a parsed crontab line without its command. Its zero value never comes.
type Schedule struct {
	fields    *parser.SpecSchedule
	everyHour bool
}

// everyHour are the bits of a field of hours that names them all.
const everyHour = 1<<24 - 1

// Parse reads five fields: minute, hour, day of the month, month, day of the week. If both days are
// given, either is enough, as in crontab. A schedule that never comes, as on 30 February, is an
// error.
func Parse(text string) (Schedule, error) {
	if len(strings.Fields(text)) != 5 {
		return Schedule{}, errors.New("it does not have five fields")
	}
	if strings.ContainsAny(text, "=@") { // a zone, or a name: kagu.yaml has a key for the one and wants the other written out
		return Schedule{}, errors.New("only numbers, names of days and months, and *,-/ have a meaning")
	}
	p, err := parser.TryNewParser(parser.Minute | parser.Hour | parser.Dom | parser.Month | parser.Dow | parser.DowOrDom)
	if err != nil {
		return Schedule{}, err
	}
	parsed, err := p.Parse(text)
	if err != nil {
		return Schedule{}, err
	}
	fields, ok := parsed.(*parser.SpecSchedule)
	if !ok {
		return Schedule{}, errors.New("it is not one of five fields")
	}
	fields.Location = time.UTC // what the fields see is what a clock shows, whatever the zone
	fields.MaxSearchYears = 9  // 29 February of a century that has none
	s := Schedule{fields: fields, everyHour: fields.Hour&everyHour == everyHour}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.UTC).IsZero() {
		return Schedule{}, errors.New("there is no such day")
	}
	return s, nil
}

// Next returns the first moment after t, zero if there is none within the years that are looked at.
func (s Schedule) Next(t time.Time, zone *time.Location) time.Time {
	switch {
	case s.fields == nil:
		return time.Time{}
	case s.everyHour:
		return s.nextByHours(t, zone)
	}
	// The clocks may show less after t than before it: begin where a moment that t has not seen
	// yet may be shown.
	shown := clock(t, zone)
	if start, _ := t.In(zone).ZoneBounds(); !start.IsZero() && t.Sub(start) < 26*time.Hour {
		shown = shown.Add(-26 * time.Hour)
	}
	for {
		shown = s.fields.Next(shown)
		if shown.IsZero() {
			return time.Time{}
		}
		if at := moment(shown, zone); at.After(t) {
			return at
		}
	}
}

// nextByHours goes from one change of the clocks to the next: in between they are even.
func (s Schedule) nextByHours(t time.Time, zone *time.Location) time.Time {
	for {
		local := t.In(zone)
		_, offset := local.Zone()
		_, end := local.ZoneBounds()
		even := time.Duration(offset) * time.Second
		shown := s.fields.Next(clock(t, zone))
		if shown.IsZero() {
			return time.Time{}
		}
		at := shown.Add(-even).In(zone)
		if end.IsZero() || at.Before(end) {
			return at
		}
		_, offset = end.Zone()
		// A moment may be the change itself: look from just before it, by the clock after it.
		shown = s.fields.Next(end.UTC().Add(time.Duration(offset)*time.Second - time.Nanosecond))
		if shown.IsZero() {
			return time.Time{}
		}
		at = shown.Add(-time.Duration(offset) * time.Second).In(zone)
		if _, after := end.ZoneBounds(); after.IsZero() || at.Before(after) {
			return at
		}
		t = end
	}
}

// clock returns what the clocks of a zone show, as if they were those of UTC.
func clock(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// moment returns when the clocks of a zone first show that, or when they skip it.
func moment(shown time.Time, zone *time.Location) time.Time {
	at := time.Date(shown.Year(), shown.Month(), shown.Day(), shown.Hour(), shown.Minute(), shown.Second(), 0, zone)
	start, end := at.ZoneBounds()
	switch seen := clock(at, zone); {
	case seen.After(shown): // they skip it, and time.Date took the clock from before the gap
		return start
	case seen.Before(shown): // or the one from after it
		return end
	case start.IsZero():
		return at
	}
	before := start.Add(-time.Nanosecond)
	_, now := at.Zone()
	_, then := before.Zone()
	if earlier := at.Add(time.Duration(now-then) * time.Second); then > now && earlier.Before(start) {
		return earlier.In(zone)
	}
	return at
}
