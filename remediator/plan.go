package remediator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// An Action is one thing that can be done to a node.
type Action struct {
	Name string `json:"name"`

	// Safe actions cannot lose data. All others wait for a human's approval in every mode.
	Safe bool `json:"safe"`
}

// A Step is one action on one node.
type Step struct {
	Action Action `json:"action"`
	Node   string `json:"node"`
	Why    string `json:"why"`
}

// A Plan is what would heal a problem. It is data: it is printed, stored, approved by its
// digest, and compared with a golden file.
type Plan struct {
	Cluster string `json:"cluster"`
	Problem string `json:"problem"`
	Node    string `json:"node,omitempty"`
	Why     string `json:"why"` // what was seen that leads to it
	Steps   []Step `json:"steps"`
}

// Safe reports whether no step of the plan can lose data.
func (p Plan) Safe() bool {
	for _, s := range p.Steps {
		if !s.Action.Safe {
			return false
		}
	}
	return true
}

// Digest names what would be done, without the words that explain it: a human's approval
// holds for the plan with the same digest only.
func (p Plan) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q", p.Cluster, p.Problem, p.Node)
	for _, s := range p.Steps {
		fmt.Fprintf(h, " %q %q", s.Action.Name, s.Node)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// String prints the plan for a human: "start n2 (why); start n3 (why)".
func (p Plan) String() string {
	var b strings.Builder
	for i, s := range p.Steps {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s %s (%s)", s.Action.Name, s.Node, s.Why)
	}
	return b.String()
}

func readPlan(text json.RawMessage) (Plan, error) {
	var p Plan
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("read the plan: %w", err)
	}
	return p, nil
}
