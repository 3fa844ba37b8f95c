package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// ask reads JSON from an API.
func ask(ctx context.Context, address string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", request.URL.Path, answer.Status)
	}
	return json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(into)
}

// seconds runs an instant query whose value is a moment, and returns it; false if there is none.
func seconds(ctx context.Context, prometheus, query string) (time.Time, bool, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := ask(ctx, prometheus+"/api/v1/query?query="+url.QueryEscape(query), &answer); err != nil {
		return time.Time{}, false, err
	}
	if len(answer.Data.Result) == 0 {
		return time.Time{}, false, nil
	}
	text, _ := answer.Data.Result[0].Value[1].(string)
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return time.Time{}, false, err
	}
	return time.UnixMicro(int64(value * 1e6)), true, nil
}

// alert is what Prometheus says of an alert.
type alert struct {
	Labels   map[string]string `json:"labels"`
	State    string            `json:"state"`
	ActiveAt time.Time         `json:"activeAt"`
}

// alerts returns the alerts that fire.
func alerts(ctx context.Context, prometheus string) ([]alert, error) {
	var answer struct {
		Data struct {
			Alerts []alert `json:"alerts"`
		} `json:"data"`
	}
	err := ask(ctx, prometheus+"/api/v1/alerts", &answer)
	return answer.Data.Alerts, err
}

// incident is what the remediator says of an incident.
type incident struct {
	ID      string    `json:"id"`
	Cluster string    `json:"cluster"`
	Problem string    `json:"problem"`
	Node    string    `json:"node"`
	State   string    `json:"state"`
	Summary string    `json:"summary"`
	Opened  time.Time `json:"opened"`
	Events  []struct {
		At   time.Time `json:"at"`
		Kind string    `json:"kind"`
		Node string    `json:"node"`
		Text string    `json:"text"`
	} `json:"events"`
}

// incidents returns the remediator's incidents.
func incidents(ctx context.Context, remediator string) ([]incident, error) {
	var list []incident
	err := ask(ctx, remediator+"/api/v1/incidents", &list)
	return list, err
}
