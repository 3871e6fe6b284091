"""Charts of a page in a PPTX file, whose numbers can be edited."""

from __future__ import annotations

from typing import Any

from pptx.chart.data import CategoryChartData
from pptx.chart.xlsx import CategoryWorkbookWriter
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION
from pptx.util import Pt

from functions.slide_generation.drawing.layouts.charts import series_colours
from functions.slide_generation.drawing.plan import Box
from functions.slide_generation.drawing.themes import Theme
from functions.slide_generation.export.pptx.units import Scale, fill, set_colour, to_xml_text
from shared.recipes.films.slides.chart import SlideChart

_KINDS = {
    "bar": XL_CHART_TYPE.BAR_CLUSTERED,
    "line": XL_CHART_TYPE.LINE_MARKERS,
    "donut": XL_CHART_TYPE.DOUGHNUT,
}
_BAR_GAP_PERCENT = 75
_LINE_PT = 4


class _TextWorkbookWriter(CategoryWorkbookWriter):
    """Writes texts as texts: a model or a user chose them, and XlsxWriter makes a formula of a text
    with an equals sign, and a link of a URL."""

    def _populate_worksheet(self, workbook: Any, worksheet: Any) -> None:
        worksheet.strings_to_formulas = worksheet.strings_to_urls = False
        super()._populate_worksheet(workbook, worksheet)  # type: ignore[no-untyped-call]


class _ChartData(CategoryChartData):
    @property
    def _workbook_writer(self) -> _TextWorkbookWriter:
        return _TextWorkbookWriter(self)  # type: ignore[no-untyped-call]


def add_chart(
    slide: Any, chart: SlideChart, box: Box, *, theme: Theme, scale: Scale, size_px: float,
    title: str, language: str,
) -> None:  # fmt: skip
    """Adds a chart to a slide of python-pptx.

    Args:
        size_px: the size of its texts.
        title: what it shows, for its alternative text.
    """
    data: Any = _ChartData()  # type: ignore[no-untyped-call]
    data.categories = [to_xml_text(point.label) for point in chart.points]
    data.add_series(to_xml_text(chart.unit or title), [point.value for point in chart.points])
    frame = slide.shapes.add_chart(_KINDS[chart.kind], *scale.box(box), data)
    values = "; ".join(f"{p.label}: {chart.describe(p, language)}" for p in chart.points)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", to_xml_text(f"{title}. {values}"))
    graph = frame.chart
    graph.has_title = False
    graph.font.size = Pt(scale.points(size_px))
    fill(graph.font._rPr, theme, theme.body, first=True)
    plot = graph.plots[0]
    graph.has_legend = chart.kind == "donut"
    if chart.kind == "donut":
        graph.legend.position = XL_LEGEND_POSITION.RIGHT
        graph.legend.include_in_layout = False
    else:
        graph.value_axis.visible = False
        graph.value_axis.has_major_gridlines = False
        graph.category_axis.format.line.fill.background()
    if chart.kind == "bar":
        plot.gap_width = _BAR_GAP_PERCENT
        graph.category_axis.reverse_order = True
    _label(chart, plot, theme)
    _paint(chart, plot.series[0], theme)


def _label(chart: SlideChart, plot: Any, theme: Theme) -> None:
    plot.has_data_labels = True
    labels = plot.data_labels
    labels.show_value = True
    labels.show_percentage = labels.show_legend_key = labels.show_category_name = False
    unit = to_xml_text(chart.unit).replace('"', "")
    space = " " if unit and unit != "%" else ""
    labels.number_format = f'General"{space}{unit}"' if unit else "General"
    labels.number_format_is_linked = False
    labels.font.bold = True
    if chart.kind == "donut":
        set_colour(labels.font.color, theme, theme.on_accent)
    else:
        above = chart.kind == "line"
        labels.position = XL_LABEL_POSITION.ABOVE if above else XL_LABEL_POSITION.OUTSIDE_END


def _paint(chart: SlideChart, series: Any, theme: Theme) -> None:
    if chart.kind == "line":
        set_colour(series.format.line.color, theme, theme.accent)
        series.format.line.width = Pt(_LINE_PT)
        series.smooth = False
        series.marker.format.fill.solid()
        set_colour(series.marker.format.fill.fore_color, theme, theme.accent)
        return
    values = [point.value for point in chart.points]
    colours = series_colours(theme, len(values))
    if chart.kind == "bar":
        strongest = values.index(max(values))
        colours = [theme.accent if n == strongest else theme.second for n in range(len(values))]
    for n, colour in enumerate(colours):
        area = series.points[n].format.fill
        area.solid()
        set_colour(area.fore_color, theme, colour)
