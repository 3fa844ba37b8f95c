package wsrep_test

import (
	"os"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/wsrep"
)

// statusFile writes one as the server does.
func statusFile(state, comment, progress string) string {
	return "{\n\t\"date\": \"2026-11-23 05:00:00.123\",\n\t\"timestamp\": 1795410000.12300000,\n\t\"errors\": [\n\t\t{\n\t\t\t\"timestamp\": 1795410000.12,\n" +
		"\t\t\t\"msg\": \"a \\/ b\"\n\t\t}\n\t],\n\t\"warnings\": [\n\t],\n\t\"events\": [\n\t],\n\t\"status\": {\n\t\t\"state\": \"" + state +
		"\",\n\t\t\"comment\": \"" + comment + "\",\n\t\t\"progress\": " + progress + "\n\t}\n}\n"
}

const unknownProgress = `{ "from": -1, "to": -1, "total": -1, "done": -1, "indefinite": -1 }`

func TestStatusFile(t *testing.T) {
	at := func(phase string, total, done wsrep.Int) wsrep.StatusFile {
		return wsrep.StatusFile{Timestamp: 1795410000.123, Phase: phase, Errors: 1, Total: total, Done: done}
	}
	for _, c := range []struct {
		name, text string
		want       wsrep.StatusFile
		err        string
	}{
		{name: "synced", text: statusFile("SYNCED", "Operational", `{ "from": -1, "to": -1, "total": 0, "done": 0, "indefinite": -1 }`), want: at("operational", wsrep.Int{}, wsrep.Int{})},
		{name: "in a full transfer, bytes known", text: statusFile("JOINING", "Receiving SST", `{ "from": -1, "to": -1, "total": 1000, "done": 250, "indefinite": -1 }`), want: at("receiving_sst", known(1000), known(250))},
		{name: "in a full transfer that does not tell", text: statusFile("JOINING", "Receiving SST", unknownProgress), want: at("receiving_sst", wsrep.Int{}, wsrep.Int{})},
		{name: "in an incremental transfer", text: statusFile("JOINING", "Receiving IST", `{ "from": 10, "to": 30, "total": 20, "done": 0, "indefinite": -1 }`), want: at("receiving_ist", known(20), known(0))},
		{name: "a donor", text: statusFile("DONOR", "Donating SST", unknownProgress), want: at("donating", wsrep.Int{}, wsrep.Int{})},
		{name: "a word of a later version", text: statusFile("X", "Meditating", unknownProgress), want: at("", wsrep.Int{}, wsrep.Int{})},
		{name: "cut in the middle", text: statusFile("SYNCED", "Operational", unknownProgress)[:120], err: "read wsrep_status_file: unexpected EOF"},
		{name: "empty", text: "", err: "read wsrep_status_file: EOF"},
		{name: "another file", text: `{"a": 1}`, err: "read wsrep_status_file: no status in it"},
		{name: "far too long", text: strings.Repeat(" ", 2<<20), err: "read wsrep_status_file: the file is too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := wsrep.ParseStatusFile(strings.NewReader(c.text))
			same(t, c.err, message(err))
			same(t, c.want, got)
		})
	}
}

func FuzzStatusFile(f *testing.F) {
	f.Add(statusFile("SYNCED", "Operational", unknownProgress))
	f.Add(statusFile("JOINING", "Receiving SST", `{ "total": 1000, "done": 250 }`))
	f.Add(`{"timestamp": 1e400, "status": {"progress": 1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := wsrep.ParseStatusFile(strings.NewReader(text))
		if err != nil && s != (wsrep.StatusFile{}) {
			t.Error("an error and a status")
		}
		if s.Total.Value < 0 || s.Done.Value < 0 || s.Timestamp < 0 || s.Total.Known != s.Done.Known {
			t.Errorf("odd: %+v", s)
		}
	})
}

// What MariaDB 10.11 wrote while it received a full transfer by rsync, which tells no progress.
func TestRecordedStatusFiles(t *testing.T) {
	for file, want := range map[string]string{
		"receiving-sst.json": "receiving_sst", "initializing.json": "initializing", "synced.json": "operational",
	} {
		t.Run(file, func(t *testing.T) {
			text, err := os.Open("testdata/statusfile/" + file)
			if err != nil {
				t.Fatal(err)
			}
			defer text.Close()
			got, err := wsrep.ParseStatusFile(text)
			if err != nil {
				t.Fatal(err)
			}
			same(t, want, got.Phase)
			same(t, wsrep.Int{}, got.Total)
			if got.Timestamp < 1.7e9 {
				t.Errorf("written at %v", got.Timestamp)
			}
		})
	}
}
