package alerts

import (
	"bytes"
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

const generated = "# Written by `kagu generate`. Changes made here are lost.\n"

type ruleFile struct {
	Groups []ruleGroup `yaml:"groups"`
}

type ruleGroup struct {
	Name  string     `yaml:"name"`
	Rules []ruleNode `yaml:"rules"`
}

type ruleNode struct {
	Record      string            `yaml:"record,omitempty"`
	Alert       string            `yaml:"alert,omitempty"`
	Expr        string            `yaml:"expr"`
	For         *model.Duration   `yaml:"for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

// Render returns the file as Prometheus reads it. The same file and profile give the same
// bytes.
func Render(f File, p Profile) ([]byte, error) {
	var out ruleFile
	for _, g := range f.Groups {
		group := ruleGroup{Name: g.Name}
		for _, r := range g.Recordings {
			group.Rules = append(group.Rules, ruleNode{Record: r.Name, Expr: r.Expr, Labels: r.Labels})
		}
		for _, r := range g.Rules {
			group.Rules = append(group.Rules, alertNode(r, p))
		}
		out.Groups = append(out.Groups, group)
	}
	return document(out)
}

func alertNode(r Rule, p Profile) ruleNode {
	labels := map[string]string{"severity": string(r.Severity), "scope": string(r.Scope)}
	if r.Remediate {
		labels["remediate"] = "true"
	}
	if r.Asks != "" {
		labels["backup"] = r.Asks
	}
	hold := model.Duration(p.hold(r))
	return ruleNode{
		Alert: r.Name, Expr: r.Expr, For: &hold, Labels: labels,
		Annotations: map[string]string{
			"summary":     r.Summary,
			"description": r.Description,
			"runbook_url": r.RunbookURL(),
		},
	}
}

// document writes v as YAML under the line that says where it comes from.
func document(v any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(generated)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return b.Bytes(), nil
}

func span(d time.Duration) model.Duration { return model.Duration(d) }
