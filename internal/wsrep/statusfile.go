package wsrep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// StatusFile is the content of wsrep_status_file: what the server said last of what it does. It
// is written at each change and is no heartbeat, and the last word of a dead server stays.
type StatusFile struct {
	Timestamp        float64 // Unix time of the last change
	Phase            string  // one of Phases; "" for a word nobody knows
	Errors, Warnings int     // kept in the file

	// Progress of the phase; absent where the server cannot tell. Bytes in a full transfer,
	// events in an incremental one and while it catches up.
	Total, Done Int
}

// phases maps the server's words for what it does. "Initializing" is said twice: before it
// connects and in a transfer, and the state tells which.
var phases = map[string]string{
	"Disconnected":    "disconnected",
	"Connecting":      "connecting",
	"Waiting":         "waiting",
	"Receiving state": "receiving_state",
	"Receiving SST":   "receiving_sst",
	"Initializing":    "initializing",
	"Receiving IST":   "receiving_ist",
	"Syncing":         "syncing",
	"Operational":     "operational",
	"Donating SST":    "donating",
	"Disconnecting":   "disconnecting",
}

// maxStatusFile leaves room for the messages that the server keeps in it.
const maxStatusFile = 1 << 20

// ParseStatusFile reads the file. The server replaces it as a whole; one that is cut was
// damaged, and is an error.
func ParseStatusFile(r io.Reader) (StatusFile, error) {
	s, err := parseStatusFile(r)
	if err != nil {
		return StatusFile{}, fmt.Errorf("read wsrep_status_file: %w", err)
	}
	return s, nil
}

func parseStatusFile(r io.Reader) (StatusFile, error) {
	text, err := readAll(r, maxStatusFile)
	if err != nil {
		return StatusFile{}, err
	}
	var file struct {
		Timestamp *float64          `json:"timestamp"`
		Errors    []json.RawMessage `json:"errors"`
		Warnings  []json.RawMessage `json:"warnings"`
		Status    *struct {
			State    string `json:"state"`
			Comment  string `json:"comment"`
			Progress struct {
				Total *int64 `json:"total"`
				Done  *int64 `json:"done"`
			} `json:"progress"`
		} `json:"status"`
	}
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&file); err != nil {
		return StatusFile{}, err
	}
	if file.Status == nil || file.Timestamp == nil || *file.Timestamp < 0 {
		return StatusFile{}, errors.New("no status in it")
	}
	s := StatusFile{
		Timestamp: *file.Timestamp, Errors: len(file.Errors), Warnings: len(file.Warnings),
		Phase: phases[file.Status.Comment],
	}
	p := file.Status.Progress
	// -1 of -1 is unknown, 0 of 0 is done.
	if p.Total != nil && p.Done != nil && *p.Total > 0 && *p.Done >= 0 {
		s.Total, s.Done = Int{Value: *p.Total, Known: true}, Int{Value: *p.Done, Known: true}
	}
	return s, nil
}
