package main

import (
	"net/http"
	"os"
	"os/user"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/config"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/remediator"
)

// An api is the remediator that a command talks to: where kagu.yaml says, unless a flag says
// otherwise.
type api struct {
	session        *session
	url, clientTLS string
}

func apiFlags(cmd *kingpin.CmdClause, s *session) *api {
	a := &api{session: s}
	cmd.Flag("remediator.url", "The remediator; default: remediator.url of kagu.yaml.").Envar("KAGU_REMEDIATOR_URL").StringVar(&a.url)
	cmd.Flag("http.config.file", "Prometheus' HTTP client configuration, for TLS and passwords.").StringVar(&a.clientTLS)
	return a
}

func (a *api) client() (remediator.Client, error) {
	if a.url == "" {
		fleet, err := inventory.LoadWithoutSecrets(a.session.config)
		if err != nil {
			return remediator.Client{}, err
		}
		a.url = fleet.Remediator.URL
	}
	client, err := httpClient(a.clientTLS)
	return remediator.Client{URL: a.url, HTTP: client}, err
}

// httpClient is the client for a daemon's API; file is Prometheus' configuration of it, "" for none.
func httpClient(file string) (*http.Client, error) {
	if file == "" {
		return http.DefaultClient, nil
	}
	c, _, err := config.LoadHTTPConfigFile(file)
	if err != nil {
		return nil, err
	}
	return config.NewClientFromConfig(*c, "kagu")
}

// person names who types, for the record.
func person() string {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if before := os.Getenv("SUDO_USER"); before != "" {
		name = before
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}
