package backupd_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
)

// A history is written as one backup a word, the oldest first:
//
//	full:DAY   incr:DAY   dump:DAY   log:DAY      DAY counts from 1 March 2026, at noon
//
// A letter behind the day names the file that a log is a piece of; without one each is a file of its own.
//
// with ! for proven, x for bad, ? for unreadable, ^ for pinned, = for locked, @ for a log that is in a
// larger one, and ~ for a chain whose base is missing. An incr builds on the backup before it that is no log or dump.
func TestRetain(t *testing.T) {
	for _, c := range []struct {
		name    string
		policy  inventory.Retention
		history string
		now     int
		want    string // one word a backup that is given up, or all that is kept and why
	}{
		{
			"what is past the policy goes, with its incrementals",
			inventory.Retention{Daily: 2, Least: 1},
			"full:1! incr:1 incr:1 full:2! full:3! full:4!", 5, `
				full:1 gone past the policy
				incr:1 gone past the policy
				incr:1 gone past the policy
				full:2 gone past the policy
				full:3 kept daily 2 of 2
				full:4 kept newest proven chain`,
		},
		{
			"of each week and month one stays, a proven one if there is one",
			inventory.Retention{Daily: 1, Weekly: 2, Monthly: 2, Least: 1},
			"full:-9! full:-8 full:1! full:2! full:7 full:9! full:10!", 11, `
				full:-9 kept monthly 2 of 2
				full:-8 gone past the policy
				full:1 gone past the policy
				full:2 kept weekly 2 of 2
				full:7 gone past the policy
				full:9 gone past the policy
				full:10 kept newest proven chain`,
		},
		{
			"days without a backup are not counted",
			inventory.Retention{Daily: 2, Least: 1},
			"full:1! full:20! full:30!", 31, `
				full:1 gone past the policy
				full:20 kept daily 2 of 2
				full:30 kept newest proven chain`,
		},
		{
			"while nothing is proven, nothing goes",
			inventory.Retention{Daily: 1, Least: 1},
			"full:1 full:2 full:3x full:4", 5, `
				full:1 kept no chain of this method is proven yet
				full:2 kept no chain of this method is proven yet
				full:3x kept no chain of this method is proven yet
				full:4 kept newest chain`,
		},
		{
			"what is younger than the newest proven stays, bad ones too",
			inventory.Retention{Daily: 1, Least: 1},
			"full:1! full:2! full:3x full:4 full:5", 6, `
				full:1 gone past the policy
				full:2 kept newest proven chain
				full:3x kept younger than the newest proven chain
				full:4 kept younger than the newest proven chain
				full:5 kept newest chain`,
		},
		{
			"a bad one takes the place of no good one",
			inventory.Retention{Daily: 2, Least: 1},
			"full:1! full:2x full:3!", 4, `
				full:1 kept daily 2 of 2
				full:2x gone bad, and a younger chain is proven
				full:3 kept newest proven chain`,
		},
		{
			"a dump does not stand in for a physical backup",
			inventory.Retention{Daily: 1, Least: 1},
			"full:1! dump:2! dump:3!", 4, `
				full:1 kept newest proven chain
				dump:2 gone past the policy
				dump:3 kept newest proven chain`,
		},
		{
			"what is read or locked stays",
			inventory.Retention{Daily: 1, Least: 1},
			"full:1!^ incr:1 full:2!= full:3!", 4, `
				full:1 kept full:1 is being proven
				incr:1 kept an incremental of one that is kept
				full:2 kept the store holds full:2 under object lock until 2026-04-01
				full:3 kept newest proven chain`,
		},
		{
			"a chain with a gap stays, and what it may build on",
			inventory.Retention{Daily: 1, Least: 1},
			"full:1! full:2! incr:2~ full:3! full:4!", 5, `
				full:1 gone past the policy
				full:2 kept an incremental whose chain has a gap may build on it
				incr:2 kept missing, which it builds on, is missing: look for it before this is removed by hand
				full:3 gone past the policy
				full:4 kept newest proven chain`,
		},
		{
			"what cannot be read stays",
			inventory.Retention{Daily: 1, Least: 1},
			"full:1? full:2! full:3!", 4, `
				full:1 kept the manifest of full:1 cannot be read, so nobody knows what it is: damaged
				full:2 gone past the policy
				full:3 kept newest proven chain`,
		},
		{
			"logs stay as far as a kept backup can use them",
			inventory.Retention{Daily: 2, Least: 1},
			"full:1! log:1 log:2 full:3! log:3 log:4 full:5! log:5", 6, `
				full:1 gone past the policy
				log:1 gone past the policy
				log:2 kept of the file of the binary log that a kept backup may stand in
				full:3 kept daily 2 of 2
				log:3 kept a kept backup can be rolled forward over it
				log:4 kept a kept backup can be rolled forward over it
				full:5 kept newest proven chain
				log:5 kept a kept backup can be rolled forward over it`,
		},
		{
			"a limit of the logs is kept from the backup before it on",
			inventory.Retention{Daily: 9, Least: 1, Logs: 3 * 24 * time.Hour},
			"full:1! log:1 full:3! log:3 log:4 log:5 full:6! log:6 log:7", 8, `
				full:1 kept daily 3 of 9
				log:1 kept of the file of the binary log that a kept backup may stand in
				full:3 kept daily 2 of 9
				log:3 kept a kept backup can be rolled forward over it
				log:4 kept a kept backup can be rolled forward over it
				log:5 kept a kept backup can be rolled forward over it
				full:6 kept newest proven chain
				log:6 kept a kept backup can be rolled forward over it
				log:7 kept a kept backup can be rolled forward over it`,
		},
		{
			"a log that is in a larger one goes, whatever was proven, unless the store holds it",
			inventory.Retention{Daily: 2, Least: 1},
			"full:1 log:1 log:2@ log:3@=", 4, `
				full:1 kept newest chain
				log:1 kept a kept backup can be rolled forward over it
				log:2 gone all of it is in larger as well, which was read back
				log:3 kept the store holds log:3 under object lock until 2026-04-01`,
		},
		{
			"the begin of a file stays as long as its end is needed",
			inventory.Retention{Daily: 1, Least: 1},
			"log:1a log:1b log:2b full:2! log:3c full:4! log:4c log:5d", 6, `
				log:1 gone past the policy
				log:1 kept of the file of the binary log that a kept backup may stand in
				log:2 kept of the file of the binary log that a kept backup may stand in
				full:2 gone past the policy
				log:3 kept of the file of the binary log that a kept backup may stand in
				full:4 kept newest proven chain
				log:4 kept a kept backup can be rolled forward over it
				log:5 kept a kept backup can be rolled forward over it`,
		},
		{
			"what a restore reads keeps the logs behind it, beyond the limit",
			inventory.Retention{Daily: 1, Least: 1, Logs: 24 * time.Hour},
			"log:0a full:1!^ log:1b log:2c full:3! log:3d full:5! log:5e", 7, `
				log:0 kept of the file of the binary log that a kept backup may stand in
				full:1 kept full:1 is being proven
				log:1 kept a kept backup can be rolled forward over it
				log:2 kept a kept backup can be rolled forward over it
				full:3 gone past the policy
				log:3 kept a kept backup can be rolled forward over it
				full:5 kept newest proven chain
				log:5 kept a kept backup can be rolled forward over it`,
		},
		{
			"a clock in the past gives nothing up",
			inventory.Retention{Daily: 1, Least: 1},
			"full:1! full:2! full:3!", 2, `
				full:1 kept the clock of this machine (2026-03-02T12:00:00Z) is behind the newest backup: nothing is given up until it is right
				full:2 kept the clock of this machine (2026-03-02T12:00:00Z) is behind the newest backup: nothing is given up until it is right
				full:3 kept the clock of this machine (2026-03-02T12:00:00Z) is behind the newest backup: nothing is given up until it is right`,
		},
		{
			"nor does one that jumped far ahead",
			inventory.Retention{Daily: 1, Least: 1},
			"full:1! full:2!", 400, `
				full:1 kept the newest backup is 397 days old: no backups are taken, or the clock of this machine is wrong; nothing is given up
				full:2 kept the newest backup is 397 days old: no backups are taken, or the clock of this machine is wrong; nothing is given up`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			held, words := history(t, c.history)
			var got []string
			for _, d := range backupd.Retain(c.policy, time.UTC, march(c.now), held) {
				verb := map[bool]string{true: "kept", false: "gone"}[d.Keep]
				why := d.Why
				for id, word := range words {
					why = strings.ReplaceAll(why, id, strings.TrimRight(word, "x"))
				}
				got = append(got, fmt.Sprintf("%s %s %s", words[d.ID], verb, why))
			}
			want := strings.Split(strings.ReplaceAll(strings.TrimSpace(c.want), "\t", ""), "\n")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func march(day int) time.Time { return time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC) }

// history reads the words, and returns the word of each ID without its marks.
func history(t *testing.T, text string) (all []backupd.Held, words map[string]string) {
	t.Helper()
	words = map[string]string{}
	last := ""
	for i, word := range strings.Fields(text) {
		name := strings.TrimRight(word, "!?^=~@x")
		file := name[len(strings.TrimRight(name, "abcde")):]
		name = strings.TrimSuffix(name, file)
		kind, dayText, _ := strings.Cut(name, ":")
		var day int
		if _, err := fmt.Sscan(dayText, &day); err != nil {
			t.Fatal(word, err)
		}
		h := backupd.Held{Begun: march(day).Add(time.Duration(i) * time.Minute)}
		h.Ended = h.Begun.Add(30 * time.Second)
		h.Method = map[string]backupd.Method{"full": backupd.Physical, "incr": backupd.Incremental, "dump": backupd.Logical, "log": backupd.Binlog}[kind]
		h.ID = fmt.Sprintf("%s-%s-aaaaaaa%c", h.Begun.Format("20060102T150405Z"), h.Method, 'a'+i)
		if h.Method == backupd.Incremental {
			h.Base = last
		}
		if h.Method == backupd.Binlog {
			if h.Log = "db3 log." + file; file == "" {
				h.Log += fmt.Sprint(i)
			}
		}
		marks := word[len(name)+len(file):]
		if strings.Contains(marks, "!") {
			h.Proven = h.Ended.Add(time.Hour)
		}
		if strings.Contains(marks, "x") {
			h.Bad = "a part is damaged"
			name += "x"
		}
		if strings.Contains(marks, "?") {
			h.Unreadable = "damaged"
		}
		if strings.Contains(marks, "^") {
			h.Pinned = "is being proven"
		}
		if strings.Contains(marks, "=") {
			h.Locked = march(32)
		}
		if strings.Contains(marks, "@") {
			h.Within = h.Begun.Format("20060102T150405Z") + "-binlog-largerrr"
			words[h.Within] = "larger"
		}
		if strings.Contains(marks, "~") {
			h.Base = h.Begun.Add(-30*time.Second).Format("20060102T150405Z") + "-incremental-missingg"
			words[h.Base] = "missing"
		}
		if h.Method == backupd.Physical || h.Method == backupd.Incremental {
			last = h.ID
		}
		words[h.ID] = name
		all = append(all, h)
	}
	return all, words
}
