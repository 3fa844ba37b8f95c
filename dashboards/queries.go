package dashboards

import (
	"encoding/json"
	"fmt"
)

// Query is one query of a rendered board: what Grafana will really ask.
type Query struct {
	Where  string // the panel, variable or annotation it is in
	Expr   string
	Legend string
}

type rendered struct {
	Panels []struct {
		Title   string `json:"title"`
		Targets []struct {
			Expr   string `json:"expr"`
			Legend string `json:"legendFormat"`
		} `json:"targets"`
	} `json:"panels"`
	Templating struct {
		List []struct {
			Name  string `json:"name"`
			Type  string `json:"type"`
			Query any    `json:"query"`
		} `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []struct {
			Name  string `json:"name"`
			Expr  string `json:"expr"`
			Title string `json:"titleFormat"`
		} `json:"list"`
	} `json:"annotations"`
}

// Queries reads the queries back from a board's JSON.
func Queries(board []byte) ([]Query, error) {
	var r rendered
	if err := json.Unmarshal(board, &r); err != nil {
		return nil, fmt.Errorf("read a board: %w", err)
	}
	var list []Query
	for _, v := range r.Templating.List {
		if text, ok := v.Query.(string); ok && v.Type == "query" {
			list = append(list, Query{Where: "variable " + v.Name, Expr: text})
		}
	}
	for _, p := range r.Panels {
		for _, t := range p.Targets {
			list = append(list, Query{Where: "panel " + p.Title, Expr: t.Expr, Legend: t.Legend})
		}
	}
	for _, a := range r.Annotations.List {
		list = append(list, Query{Where: "annotation " + a.Name, Expr: a.Expr, Legend: a.Title})
	}
	return list, nil
}
