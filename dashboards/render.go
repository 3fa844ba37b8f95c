package dashboards

import (
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// Board is one dashboard.
type Board struct {
	UID    string // also the name of its file
	Title  string
	About  string
	Span   string // what is shown at first: "now-1h"
	Choose query  // the query behind the variable "cluster": label_values(…)
	Panels []panel
	Marks  []mark
}

// A mark is a query whose series are drawn as annotations over all graphs.
type mark struct {
	name, color, expr, title string
}

// Boards lists every dashboard.
func Boards() []Board {
	return []Board{galera(), galeraWorkload(), galeraStatements(), ndb(), backupd()}
}

// Render returns the board's JSON. The same board gives the same bytes.
func Render(b Board) ([]byte, error) {
	//lint:ignore SA1019 the library prefers the new schema; Grafana 10 and 11 import only the classic one
	builder := dashboard.NewDashboardBuilder(b.Title).
		Uid(b.UID).Description(b.About).Tags([]string{"kagu"}).
		Refresh("5s").Time(b.Span, "now").Timezone("browser").
		Readonly().Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Prometheus").Type("prometheus")).
		WithVariable(dashboard.NewQueryVariableBuilder("cluster").Label("Cluster").
			Query(dashboard.StringOrMap{String: cog.ToPtr(b.Choose.expr)}).Definition(b.Choose.expr).
			Datasource(source()).Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
			Sort(dashboard.VariableSortAlphabeticalAsc))
	for _, m := range b.Marks {
		builder = builder.Annotation(m.annotation())
	}
	for i, p := range b.Panels {
		built, err := p.Build()
		if err != nil {
			return nil, fmt.Errorf("build panel %d of board %s: %w", i+1, b.UID, err)
		}
		built.Id = cog.ToPtr(uint32(i + 1))
		builder = builder.WithPanel(ready{built})
	}
	built, err := builder.Build()
	if err != nil {
		return nil, fmt.Errorf("build board %s: %w", b.UID, err)
	}
	text, err := json.MarshalIndent(built, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write board %s: %w", b.UID, err)
	}
	return append(text, '\n'), nil
}

// annotation carries its expression in the two places where versions of Grafana look.
func (m mark) annotation() *dashboard.AnnotationQueryBuilder {
	return dashboard.NewAnnotationQueryBuilder().
		Name(m.name).Datasource(source()).Enable(true).IconColor(m.color).
		Expr(m.expr).TitleFormat(m.title).Step("5s").
		Target(prometheus.NewDataqueryBuilder().Expr(m.expr).LegendFormat(m.title).RefId("Anno").Range())
}

// ready is a panel that is built already.
type ready struct{ panel dashboard.Panel }

func (r ready) Build() (dashboard.Panel, error) { return r.panel, nil }
