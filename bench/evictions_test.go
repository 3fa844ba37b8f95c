package bench

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/proxytest"
	"github.com/kagu-db/kagu/internal/needs"
)

var (
	evictions     = flag.Duration("evictions", 30*time.Second, "how long busy members are watched for letting go of one another")
	evictionsWith = flag.String("evictions-profile", string(lab.ProfileLANRealtime), "with which profile of evs settings")
	busyNice      = flag.Int("busy-nice", 0, "nice value of the loops that keep all cores busy meanwhile")
)

// BenchmarkFalseEvictions lets a client write to a cluster with the lan profile while every core
// is busy. Nobody is hurt, so each view that changes, and each suspicion, is a false one.
func BenchmarkFalseEvictions(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	l := up(b, lab.Options{Profile: lab.Profile(*evictionsWith)})
	r := proxytest.New(b, l)
	client, stop := proxytest.Write(b, l, l.Nodes[0].SQLAddress(), "evictions")
	for range 3 * runtime.NumCPU() {
		r.Start(b, needs.Program(b, "nice", "coreutils"), "-n", strconv.Itoa(*busyNice), "sh", "-c", "while :; do :; done")
	}
	var members []*member
	for _, n := range l.Nodes {
		members = append(members, newMember(b, l, n))
	}
	client.Forget()
	var gaps []time.Duration
	var loads []float64
	before := processor(b)
	window := max(time.Second, *evictions/720)
	began := time.Now()
	for said := began; time.Since(began) < *evictions; {
		for end := time.Now().Add(window); time.Now().Before(end); time.Sleep(time.Second) {
			for _, m := range members {
				m.look(b)
			}
		}
		gaps, loads = append(gaps, client.Gap()), append(loads, load(b))
		client.Forget()
		if time.Since(said) >= 5*time.Minute {
			said = time.Now()
			fmt.Printf("%s: %d rows, longest gap so far %s, load %.1f, %v\n", time.Since(began).Round(time.Second),
				client.Acked(), short(slices.Max(gaps)), loads[len(loads)-1], members)
		}
	}
	stop()
	report(b, client, members, gaps, loads, processor(b).since(before))
}

func report(b *testing.B, client *proxytest.Client, members []*member, gaps []time.Duration, loads []float64, used times) {
	b.Helper()
	changes, lost := 0, 0
	for _, m := range members {
		changes += m.changes
		missing, err := client.Missing(b.Context(), m.node)
		if err != nil {
			b.Error(err)
		}
		lost += len(missing)
		fmt.Printf("  %v; its log since: %s\n", m, m.signs(b))
	}
	slices.Sort(loads)
	what := fmt.Sprintf("evs %s, %s, all cores busy", *evictionsWith, *evictions)
	fmt.Printf("%-62s %d (wanted: 0)\n", "changes of view, all members ("+what+")", changes)
	row{"longest gap between rows, each " + max(time.Second, *evictions/720).String() + " (" + what + ")", gaps, 1, 0}.print()
	fmt.Printf("%-62s %d of %d (wanted: 0)\n", "acknowledged rows that a node lacks", lost, client.Acked())
	fmt.Printf("%-62s n=%d median %.1f spread %.1f to %.1f; cores: %s\n", "load average", len(loads), loads[len(loads)/2], loads[0], loads[len(loads)-1], used)
}

// A member is a node and what it has said of the group since the watch began.
type member struct {
	lab        *lab.Lab
	node       lab.Node
	log        int64 // length of its error log when the watch began
	view       int   // wsrep_cluster_conf_id as last seen, -1 outside the primary component
	changes    int   // of the view
	size       string
	looks      int
	unanswered int
}

func newMember(b *testing.B, l *lab.Lab, n lab.Node) *member {
	b.Helper()
	info, err := os.Stat(n.ErrorLog())
	check(b, err)
	m := &member{lab: l, node: n, log: info.Size()}
	m.look(b)
	m.changes = 0
	return m
}

// look counts the views since the look before, those that came and went between them included.
func (m *member) look(b *testing.B) {
	b.Helper()
	m.looks++
	status, err := m.lab.Wsrep(b.Context(), m.node.Name)
	if err != nil {
		m.unanswered++
		return
	}
	view, err := strconv.Atoi(status["wsrep_cluster_conf_id"])
	if err != nil { // outside the primary component the server says -1, unsigned
		view = -1
	}
	switch {
	case view == m.view:
	case view < 0 || m.view < 0: // it left, or came back
		m.changes++
	default:
		m.changes += max(view-m.view, m.view-view)
	}
	m.view, m.size = view, status["wsrep_cluster_size"]
}

func (m *member) String() string {
	return fmt.Sprintf("%s: %d changes of view, size %s, %d of %d looks unanswered", m.node.Name, m.changes, m.size, m.unanswered, m.looks)
}

// signs counts what a server writes down when it doubts another one, or itself stood still.
func (m *member) signs(b *testing.B) string {
	b.Helper()
	text, err := os.ReadFile(m.node.ErrorLog())
	check(b, err)
	text = text[m.log:]
	var all []string
	for _, phrase := range []string{"suspect", "inactive node", "evict", "nonlive peers", "skipping check", "view(view_id("} {
		all = append(all, fmt.Sprintf("%q %d", phrase, bytes.Count(bytes.ToLower(text), []byte(phrase))))
	}
	return fmt.Sprintf("%s, %d bytes", strings.Join(all, ", "), len(text))
}

// times are what the cores did, in ticks.
type times struct{ user, nice, system, idle, all int }

// processor reads the first line of /proc/stat. Waiting for a disk is idle.
func processor(b *testing.B) times {
	b.Helper()
	text, err := os.ReadFile("/proc/stat")
	check(b, err)
	line, _, _ := strings.Cut(string(text), "\n")
	var t [8]int
	for i, field := range strings.Fields(line)[1:9] {
		t[i], err = strconv.Atoi(field)
		check(b, err)
	}
	return times{user: t[0], nice: t[1], system: t[2], idle: t[3] + t[4], all: t[0] + t[1] + t[2] + t[3] + t[4] + t[5] + t[6] + t[7]}
}

func (t times) since(before times) times {
	return times{t.user - before.user, t.nice - before.nice, t.system - before.system, t.idle - before.idle, t.all - before.all}
}

func (t times) String() string {
	share := func(part int) float64 { return 100 * float64(part) / float64(max(1, t.all)) }
	return fmt.Sprintf("user %.0f %%, nice %.0f %%, system %.0f %%, idle %.1f %%", share(t.user), share(t.nice), share(t.system), share(t.idle))
}

func load(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/loadavg")
	check(b, err)
	first, _, _ := strings.Cut(string(text), " ")
	value, err := strconv.ParseFloat(first, 64)
	check(b, err)
	return value
}
