package alerts

import (
	"cmp"

	"github.com/prometheus/common/model"
)

// Scrape says where Prometheus finds what it scrapes and whom it alerts.
type Scrape struct {
	Site           string // goes onto every alert; optional
	GaleraExporter string // host:port; optional
	NDBExporter    string // host:port; optional
	Remediator     string // host:port; optional
	Backupd        string // host:port; optional
	Alertmanager   string // host:port
	Rules          string // the files of rules, from where prometheus.yml is; default rules/*.yml
}

type promConfig struct {
	Global        promGlobal   `yaml:"global"`
	RuleFiles     []string     `yaml:"rule_files"`
	Alerting      promAlerting `yaml:"alerting"`
	ScrapeConfigs []promJob    `yaml:"scrape_configs"`
}

type promGlobal struct {
	ScrapeInterval     model.Duration    `yaml:"scrape_interval"`
	ScrapeTimeout      model.Duration    `yaml:"scrape_timeout"`
	EvaluationInterval model.Duration    `yaml:"evaluation_interval"`
	ExternalLabels     map[string]string `yaml:"external_labels,omitempty"`
}

type promAlerting struct {
	Alertmanagers []promStaticList `yaml:"alertmanagers"`
}

type promStaticList struct {
	StaticConfigs []promTargets `yaml:"static_configs"`
}

type promTargets struct {
	Targets []string `yaml:"targets,flow"`
}

type promJob struct {
	JobName        string        `yaml:"job_name"`
	MetricsPath    string        `yaml:"metrics_path,omitempty"`
	HTTPSDConfigs  []promHTTPSD  `yaml:"http_sd_configs,omitempty"`
	StaticConfigs  []promTargets `yaml:"static_configs,omitempty"`
	RelabelConfigs []promRelabel `yaml:"relabel_configs,omitempty"`
}

type promHTTPSD struct {
	URL             string         `yaml:"url"`
	RefreshInterval model.Duration `yaml:"refresh_interval"`
}

type promRelabel struct {
	TargetLabel string `yaml:"target_label"`
	Replacement string `yaml:"replacement"`
}

// Prometheus returns prometheus.yml. The exporter names its targets and their labels; the
// address is always the exporter's, whatever name it knows itself by.
func Prometheus(s Scrape, p Profile) ([]byte, error) {
	config := promConfig{
		Global: promGlobal{
			ScrapeInterval:     span(p.Scrape),
			ScrapeTimeout:      span(p.ScrapeTimeout),
			EvaluationInterval: span(p.Evaluate),
		},
		RuleFiles: []string{cmp.Or(s.Rules, "rules/*.yml")},
		Alerting: promAlerting{Alertmanagers: []promStaticList{
			{StaticConfigs: static(s.Alertmanager)},
		}},
	}
	if s.GaleraExporter != "" {
		config.ScrapeConfigs = append(config.ScrapeConfigs, targetsOf(JobGalera, s.GaleraExporter, p),
			promJob{JobName: JobExporter, StaticConfigs: static(s.GaleraExporter)})
	}
	if s.NDBExporter != "" {
		config.ScrapeConfigs = append(config.ScrapeConfigs, targetsOf(JobNDB, s.NDBExporter, p),
			promJob{JobName: JobNDBExporter, StaticConfigs: static(s.NDBExporter)})
	}
	if s.Site != "" {
		config.Global.ExternalLabels = map[string]string{"site": s.Site}
	}
	if s.Remediator != "" {
		config.ScrapeConfigs = append(config.ScrapeConfigs, promJob{JobName: JobRemediator, StaticConfigs: static(s.Remediator)})
	}
	if s.Backupd != "" {
		config.ScrapeConfigs = append(config.ScrapeConfigs, promJob{JobName: JobBackupd, StaticConfigs: static(s.Backupd)})
	}
	return document(config)
}

func static(address string) []promTargets { return []promTargets{{Targets: []string{address}}} }

// targetsOf is the job of an exporter that answers for other servers and lists them itself.
func targetsOf(job, exporter string, p Profile) promJob {
	return promJob{
		JobName:        job,
		MetricsPath:    "/probe",
		HTTPSDConfigs:  []promHTTPSD{{URL: "http://" + exporter + "/sd", RefreshInterval: span(p.Discover)}},
		RelabelConfigs: []promRelabel{{TargetLabel: "__address__", Replacement: exporter}},
	}
}
