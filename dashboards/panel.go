package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// The colours of a state. Yellow is for what is on its way, grey for what is not known.
const (
	good    = "green"
	moving  = "yellow"
	careful = "orange"
	bad     = "red"
	unknown = "#808080"
)

type panel = cog.Builder[dashboard.Panel]

// A query is PromQL and the name its series carry in the legend.
type query struct{ expr, legend string }

// A face is how a value is shown instead of its number.
type face struct{ value, text, color string }

// A step is the colour from a value on.
type step struct {
	from  float64
	color string
}

// place is a panel's rectangle: 24 columns, rows of 38 pixels.
type place struct{ x, y, w, h uint32 }

func (p place) grid() dashboard.GridPos { return dashboard.GridPos{X: p.x, Y: p.y, W: p.w, H: p.h} }

// tile is one big word or number that is read from across the room.
func tile(at place, title, why string, unit string, faces []face, steps []step, queries ...query) panel {
	mode := common.BigValueTextModeValue
	if len(queries) > 1 {
		mode = common.BigValueTextModeValueAndName
	}
	return stat.NewPanelBuilder().
		Title(title).Description(why).GridPos(at.grid()).Datasource(source()).
		Targets(now(queries)).
		Unit(unit).Mappings(mappings(faces)).Thresholds(thresholds(steps)).NoValue("unknown").
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		ColorMode(common.BigValueColorModeBackground).GraphMode(common.BigValueGraphModeNone).
		JustifyMode(common.BigValueJustifyModeCenter).Orientation(common.VizOrientationAuto).TextMode(mode).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
}

// timeline is one lane of states for each series.
func timeline(at place, title, why, empty string, faces []face, queries ...query) panel {
	return statetimeline.NewPanelBuilder().
		Title(title).Description(why).GridPos(at.grid()).Datasource(source()).
		Targets(over(queries)).
		Mappings(mappings(faces)).NoValue(empty).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		Thresholds(thresholds([]step{{0, unknown}})).
		ShowValue(common.VisibilityModeAuto).MergeValues(true).RowHeight(0.9).FillOpacity(90).LineWidth(0).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(false).
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom))
}

// series is a graph over time with one line for each series.
func series(at place, title, why, unit string, queries ...query) panel {
	return timeseries.NewPanelBuilder().
		Title(title).Description(why).GridPos(at.grid()).Datasource(source()).
		Targets(over(queries)).
		Unit(unit).AxisSoftMin(0).LineWidth(2).FillOpacity(10).ShowPoints(common.VisibilityModeNever).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom))
}

func now(queries []query) []cog.Builder[variants.Dataquery] {
	return targets(queries, (*prometheus.DataqueryBuilder).Instant)
}

func over(queries []query) []cog.Builder[variants.Dataquery] {
	return targets(queries, (*prometheus.DataqueryBuilder).Range)
}

func targets(queries []query, kind func(*prometheus.DataqueryBuilder) *prometheus.DataqueryBuilder) []cog.Builder[variants.Dataquery] {
	var list []cog.Builder[variants.Dataquery]
	for i, q := range queries {
		list = append(list, kind(prometheus.NewDataqueryBuilder().
			Expr(q.expr).LegendFormat(q.legend).RefId(string(rune('A'+i))).Datasource(source())))
	}
	return list
}

func mappings(faces []face) []dashboard.ValueMapping {
	if len(faces) == 0 {
		return nil
	}
	options := map[string]dashboard.ValueMappingResult{}
	for i, f := range faces {
		options[f.value] = dashboard.ValueMappingResult{
			Text: cog.ToPtr(f.text), Color: cog.ToPtr(f.color), Index: cog.ToPtr(int32(i)),
		}
	}
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: options}}}
}

// thresholds makes steps of the given ones; the first holds from minus infinity on.
func thresholds(steps []step) *dashboard.ThresholdsConfigBuilder {
	var list []dashboard.Threshold
	for i, s := range steps {
		t := dashboard.Threshold{Color: s.color}
		if i > 0 {
			t.Value = cog.ToPtr(s.from)
		}
		list = append(list, t)
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(list)
}

// source is the data source that the reader picked at the top of the board.
func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
}

// expr builds a query from text and the names of families.
func expr(format string, names ...any) string { return fmt.Sprintf(format, names...) }
