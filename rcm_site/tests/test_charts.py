"""Charts say what their numbers say, whatever the numbers are, and are drawn without anything inline."""

import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.contrib.staticfiles import finders
from hypothesis import given, settings
from hypothesis import strategies as st

from rcm_site.charts import (
    COUNT,
    DAYS,
    DOLLARS,
    PERCENT,
    About,
    Bar,
    Benchmark,
    Bin,
    Chart,
    HeatCell,
    Mark,
    Part,
    Series,
    Size,
    Stack,
    Step,
    bar_chart,
    fold,
    heat_map,
    histogram,
    line_chart,
    pareto,
    stacked_bars,
    stacked_columns,
)
from rcm_site.charts.canvas import COLOURS, Drawing
from rcm_site.charts.lettering import LINE, cut, width_of
from rcm_site.charts.lines import spread
from rcm_site.charts.samples import sample_charts
from rcm_site.charts.scales import scale_of
from rcm_site.charts.time_axis import day_ticks

pytestmark = pytest.mark.embedded

ABOUT = About("test", "A chart", "What it shows.")
FIRST = date(2026, 1, 5)
NASTY = '<script>alert("x")</script> & Sons'


def days(count: int) -> list[date]:
    return [FIRST + timedelta(days=place) for place in range(count)]


def shapes(drawing: Drawing, tag: str, css: str = "") -> list[ElementTree.Element]:
    """The drawing's elements of one kind; it must be well-formed XML to begin with."""
    root = ElementTree.fromstring(drawing.svg)
    found = root.iter(f"{{http://www.w3.org/2000/svg}}{tag}")
    return [each for each in found if css in (each.get("class") or "").split() or not css]


def words(drawing: Drawing) -> list[str]:
    return ["".join(each.itertext()) for each in shapes(drawing, "text")]


def page(chart: Chart) -> str:
    return chart.html


def by_kind(values: list[Any]) -> dict[str, Chart]:
    """A chart of each kind of the same values."""
    names = [f"Payer {place}" for place in range(len(values))]
    bars = [Bar(name, value) for name, value in zip(names, values, strict=True)]
    return {
        "line": line_chart(ABOUT, DOLLARS, days(len(values)), [Series("Paid", values)]),
        "bars": bar_chart(ABOUT, DOLLARS, bars, benchmark=Benchmark(Decimal(40), "Ceiling")),
        "stacks": stacked_bars(
            ABOUT,
            DOLLARS,
            [Part("a"), Part("b")],
            [Stack(name, [value, value]) for name, value in zip(names, values, strict=True)],
        ),
        "columns": stacked_columns(
            ABOUT,
            DOLLARS,
            [Part("a")],
            [(day, [value]) for day, value in zip(days(len(values)), values, strict=True)],
        ),
        "pareto": pareto(ABOUT, COUNT, bars),
        "heat": heat_map(ABOUT, PERCENT, names, ["Coding"], [[HeatCell(value)] for value in values]),
    }


def test_what_was_drawn_before_is_taken_again_and_never_for_another() -> None:
    first = by_kind([Decimal(1), Decimal(2)])
    again = by_kind([Decimal(1), Decimal(2)])
    others = by_kind([Decimal(1), Decimal(3)])
    assert {kind: again[kind] is chart for kind, chart in first.items()} == dict.fromkeys(first, True)
    assert not {
        kind for kind, chart in first.items() if others[kind] is chart or others[kind].html == chart.html
    }


def test_a_chart_counted_in_something_else_is_another() -> None:
    bars = [Bar("Payer", Decimal(2))]
    assert bar_chart(ABOUT, DOLLARS, bars).html != bar_chart(ABOUT, DAYS, bars).html


VALUES: dict[str, list[Any]] = {
    "one point": [Decimal("12.5")],
    "all zeros": [0, 0, 0],
    "negative": [Decimal(-5), Decimal(3), Decimal("-0.01")],
    "all negative": [Decimal(-5), Decimal(-7)],
    "gaps": [None, Decimal(1), None, Decimal(2), Decimal(3), None],
    "huge": [Decimal("9e20"), Decimal(1), Decimal("-9e20")],
    "tiny": [Decimal("1e-12"), Decimal("3e-12")],
    "400 days": [Decimal(place % 37) for place in range(400)],
    "30 equal": [Decimal(7)] * 30,
    "not a number": [Decimal("NaN"), Decimal(1), Decimal("Infinity")],
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_whatever_the_numbers_are_every_shape_stays_in_the_drawing(values: list[Any]) -> None:
    for kind, chart in by_kind(values).items():
        assert len(chart.numbers.rows) == len(values)
        for drawing in chart.drawings:
            for rect in shapes(drawing, "rect"):
                x, y, width, height = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
                assert width >= 0, kind
                assert height >= 0, kind
                assert -1 <= x <= x + width <= drawing.width + 1, kind
                assert -1 <= y <= y + height <= drawing.height + 1, kind
            assert not re.search(r"[\"( ](nan|inf)", drawing.svg.lower())


@pytest.mark.parametrize("values", [[], [None, None]], ids=["nothing", "nothing known"])
def test_nothing_to_show_says_so_and_what_to_do(values: list[Any]) -> None:
    for chart in by_kind(values).values():
        assert chart.drawings == ()
        assert "Widen the period or empty a filter." in page(chart)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.none()
        | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12),
        min_size=1,
        max_size=12,
    )
)
def test_any_amounts_can_be_drawn(values: list[Any]) -> None:
    for chart in by_kind(values).values():
        for drawing in chart.drawings:
            ElementTree.fromstring(drawing.svg)


def test_bars_are_as_long_as_their_values_and_begin_at_zero() -> None:
    chart = bar_chart(ABOUT, DOLLARS, [Bar("a", Decimal(50)), Bar("b", Decimal(100)), Bar("c", Decimal(-25))])
    for drawing in chart.drawings:
        longest, half, below = shapes(drawing, "rect", "fill-1")
        widths = [float(each.get("width", "")) for each in (longest, half, below)]
        assert widths[1] / widths[0] == pytest.approx(0.5, abs=0.01)
        assert widths[2] / widths[0] == pytest.approx(0.25, abs=0.01)
        assert longest.get("x") == half.get("x")
        end = float(below.get("x", "")) + widths[2]
        assert end == pytest.approx(float(longest.get("x", "")), abs=0.2)


def test_a_line_lies_where_its_values_are() -> None:
    chart = line_chart(ABOUT, COUNT, days(3), [Series("Claims", [0, 10, 5])])
    path = shapes(chart.drawings[0], "path")[0].get("d") or ""
    (x0, y0), (x1, y1), (x2, y2) = [
        (float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)
    ]
    assert (x0 + x2) / 2 == pytest.approx(x1, abs=0.2)
    assert (y0 + y1) / 2 == pytest.approx(y2, abs=0.2)
    assert y1 < y0


def test_a_gap_breaks_the_line_and_a_lone_point_is_a_dot() -> None:
    values = [Decimal(1), Decimal(2), None, Decimal(3), None, Decimal(4), Decimal(5)]
    drawing = line_chart(ABOUT, COUNT, days(7), [Series("Claims", values)]).drawings[0]
    path = shapes(drawing, "path")[0].get("d") or ""
    assert path.count("M") == 3
    assert len([dot for dot in shapes(drawing, "circle") if dot.get("r") == "2.5"]) == 1


def test_days_lie_as_far_apart_as_they_are() -> None:
    far = [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=10)]
    drawing = line_chart(ABOUT, COUNT, far, [Series("Claims", [1, 2, 3])]).drawings[0]
    x0, x1, x2 = (float(x) for x in re.findall(r"[ML]([\d.]+)", shapes(drawing, "path")[0].get("d") or ""))
    assert (x1 - x0) / (x2 - x0) == pytest.approx(0.1, abs=0.01)


def test_an_axis_that_leaves_zero_out_says_so() -> None:
    high = [Decimal(value) for value in ("94.1", "95", "96.2")]
    series = [Series("Clean claims", high)]
    assert any("not at zero" in each for each in words(line_chart(ABOUT, DAYS, days(3), series).drawings[0]))
    from_zero = line_chart(ABOUT, DAYS, days(3), series, from_zero=True).drawings[0]
    assert "0" in words(from_zero)
    assert not any("not at zero" in each for each in words(from_zero))


def test_a_benchmark_is_a_dashed_line_with_its_name_inside_the_axis() -> None:
    chart = line_chart(
        ABOUT,
        PERCENT,
        days(2),
        [Series("Denied", [Decimal("0.01"), Decimal("0.02")])],
        benchmark=Benchmark(Decimal("0.05"), "Typical target"),
    )
    for drawing in chart.drawings:
        dashed = [line for line in shapes(drawing, "line") if line.get("stroke-dasharray")]
        assert [0 < float(line.get("y1", "")) < drawing.height for line in dashed] == [True]
        assert "Typical target 5.0%" in words(drawing)


def test_the_name_of_a_benchmark_gives_way_to_a_line_between_two_values_too() -> None:
    """From the first day to the second the line falls through where the name stood: its points lie apart."""
    steep = [Decimal("0.10"), Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal(0)]
    benchmark = Benchmark(Decimal("0.05"), "Target")
    chart = line_chart(ABOUT, PERCENT, days(6), [Series("Denied", steep)], benchmark=benchmark)
    level = line_chart(ABOUT, PERCENT, days(6), [Series("Denied", [Decimal(0)] * 6)], benchmark=benchmark)
    for beside, free in zip(chart.drawings, level.drawings, strict=True):
        at, first = (
            next(float(text.get("x", "")) for text in shapes(each, "text") if text.text == "Target 5.0%")
            for each in (beside, free)
        )
        assert at > first


def test_more_than_five_lines_must_be_folded_first() -> None:
    with pytest.raises(ValueError, match="at most 5"):
        line_chart(ABOUT, COUNT, days(1), [Series(str(place), [1]) for place in range(6)])


def test_what_is_in_focus_has_the_accent_and_the_others_are_context() -> None:
    series = [
        Series("Cigna", [1, 2]),
        Series("Aetna", [2, 3], is_focus=True),
        Series("All others", [1, 1], is_rest=True),
    ]
    paths = shapes(line_chart(ABOUT, COUNT, days(2), series).drawings[0], "path")
    assert [path.get("class") for path in paths] == ["stroke-context", "stroke-context", "stroke-1"]


def test_folding_keeps_the_largest_and_adds_up_the_others() -> None:
    bars = [Bar(str(place), Decimal(place)) for place in range(1, 8)] + [Bar("unknown", None)]
    folded = fold(bars, 4)
    assert [(bar.label, bar.value) for bar in folded] == [
        ("7", 7),
        ("6", 6),
        ("5", 5),
        ("All others (5)", 10),
    ]
    assert fold(bars[:3], 4) == [bars[2], bars[1], bars[0]]


def test_a_pareto_runs_up_to_all_of_it_and_marks_the_vital_few() -> None:
    bars = [Bar("c", 5), Bar("a", 60), Bar("b", 25), Bar("d", 10), Bar("refund", -3)]
    chart = pareto(ABOUT, COUNT, bars)
    assert [(row[0], row[2], row[3]) for row in chart.numbers.rows] == [
        ("a", Decimal("0.6"), Decimal("0.6")),
        ("b", Decimal("0.25"), Decimal("0.85")),
        ("d", Decimal("0.1"), Decimal("0.95")),
        ("c", Decimal("0.05"), Decimal(1)),
        ("refund", None, None),
    ]
    assert len(shapes(chart.drawings[0], "rect", "fill-1")) == 2
    assert len(shapes(chart.drawings[0], "rect", "fill-context")) == 2
    assert "The first is a with 60.0%; 2 make up 85.0%." in chart.description


def test_stacks_add_up_and_what_is_negative_lies_left_of_zero() -> None:
    chart = stacked_bars(
        ABOUT, DOLLARS, [Part("open"), Part("credit")], [Stack("Dental", [Decimal(100), Decimal(-20)])]
    )
    assert chart.numbers.rows == [["Dental", Decimal(100), Decimal(-20), Decimal(80)]]
    over, under = (shapes(chart.drawings[0], "rect", "part")[place] for place in (0, 1))
    assert float(under.get("x", "")) + float(under.get("width", "")) == pytest.approx(
        float(over.get("x", "")), abs=0.2
    )
    assert float(under.get("width", "")) / float(over.get("width", "")) == pytest.approx(0.2, abs=0.01)


def test_shades_of_a_heat_map_go_from_least_to_most_in_equal_steps() -> None:
    cells = [[HeatCell(Decimal(value)) for value in range(8)]]
    drawing = heat_map(ABOUT, COUNT, ["Aetna"], [str(place) for place in range(8)], cells).drawings[0]
    shades = [rect.get("class") for rect in shapes(drawing, "rect") if "scale" in (rect.get("class") or "")]
    assert shades[:8] == [f"fill-scale-{shade}" for shade in (1, 2, 3, 4, 5, 6, 7, 7)]


def test_the_most_of_a_heat_map_is_written_on_a_phone_too() -> None:
    columns = [f"Category {place}" for place in range(7)]
    cells = [[HeatCell(Decimal(value)) for value in (4270, 1960, 777, 310, 150, 40, 0)]]
    narrow = heat_map(ABOUT, DOLLARS, ["Aetna"], columns, cells).drawings[1]
    assert {"$4.3K", "$2K", "$800", "$300", "$200"} <= {*words(narrow)}


def test_a_little_is_never_written_as_nothing_in_a_heat_map() -> None:
    columns = [f"c{place}" for place in range(10)]
    cells = [[HeatCell(Decimal("0.9")), HeatCell(Decimal("0.001")), *[HeatCell(Decimal(0))] * 8]]
    narrow = heat_map(ABOUT, PERCENT, ["Aetna"], columns, cells).drawings[1]
    assert {"90%", "<1%", "0%"} <= set(words(narrow))


def test_a_histogram_marks_its_percentiles_and_shows_its_open_end_apart() -> None:
    bins = [Bin(Decimal(0), Decimal(30), 6), Bin(Decimal(30), Decimal(60), 3), Bin(Decimal(60), None, 1)]
    chart = histogram(
        ABOUT, DAYS, bins, [Mark("Half within", Decimal(28)), Mark("Nine tenths within", Decimal(400))]
    )
    assert [row[2] for row in chart.numbers.rows] == [Decimal("0.6"), Decimal("0.3"), Decimal("0.1")]
    for drawing in chart.drawings:
        assert {"Half within 28", "Nine tenths within 400", "60+"} <= set(words(drawing))
        heights = [float(rect.get("height", "")) for rect in shapes(drawing, "rect", "fill-1")]
        assert heights[1] / heights[0] == pytest.approx(0.5, abs=0.01)
        assert len(shapes(drawing, "rect", "fill-context")) == 1
        assert all(0 <= float(line.get("x1", "")) <= drawing.width for line in shapes(drawing, "line"))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        ("0", "100", ["0", "20", "40", "60", "80", "100"]),
        ("0", "0.182", ["0.00", "0.05", "0.10", "0.15", "0.20"]),
        ("-4210.10", "218440.75", ["-50000", "0", "50000", "100000", "150000", "200000", "250000"]),
        ("0", "0", ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_ticks_are_round_and_hold_all_values(low: str, high: str, ticks: list[str]) -> None:
    assert list(scale_of([Decimal(low), Decimal(high)], 0, 1).ticks) == [Decimal(tick) for tick in ticks]


def test_there_is_no_tick_at_half_a_claim() -> None:
    ticks = scale_of([Decimal(0), Decimal(2)], 0, 1, is_whole=True).ticks
    assert list(ticks) == [0, 1, 2]
    assert list(scale_of([Decimal(12)], 0, 1, is_whole=True).ticks) == [0, 5, 10, 15]


@pytest.mark.parametrize(
    ("unit", "values", "labels"),
    [
        (DOLLARS, ["0", "500000", "1000000"], ["$0", "$0.5M", "$1.0M"]),
        (DOLLARS, ["-5000", "0", "5000"], ["−$5,000", "$0", "$5,000"]),
        (DOLLARS, ["0", "20000"], ["$0", "$20K"]),
        (PERCENT, ["0", "0.05", "0.1"], ["0%", "5%", "10%"]),
        (PERCENT, ["0", "0.025"], ["0%", "2.5%"]),
        (DAYS, ["30", "32.5"], ["30.0", "32.5"]),
    ],
)
def test_tick_labels_share_a_magnitude_and_their_places(
    unit: Any, values: list[str], labels: list[str]
) -> None:
    assert unit.ticks([Decimal(value) for value in values]) == labels


@pytest.mark.parametrize(
    ("span", "step", "labels"),
    [
        (0, Step.DAY, ["5 Jan 2026"]),
        (6, Step.DAY, ["5 Jan 2026", "7 Jan", "9 Jan", "11 Jan"]),
        (28, Step.WEEK, ["5 Jan 2026", "19 Jan", "2 Feb"]),
        (400, Step.DAY, ["Apr 2026", "Jul", "Oct", "Jan 2027"]),
    ],
)
def test_days_under_an_axis_are_round_and_few(span: int, step: Step, labels: list[str]) -> None:
    ticks = day_ticks(FIRST, FIRST + timedelta(days=span), 4, step)
    assert [label for _, label in ticks] == labels


def test_labels_at_the_ends_of_lines_never_lie_on_each_other() -> None:
    heights = spread([10, 11, 12, 200, 201], 8, 206)
    assert all(after - before >= LINE for before, after in pairwise(heights))
    assert max(heights) <= 206


def test_names_that_a_narrow_chart_would_cut_stand_whole_above_it() -> None:
    days = [date(2026, 3, day) for day in range(1, 6)]
    names = ["Denial rate (of decided)", "Usual, at most"]
    series = [Series(name, [Decimal(place + 1)] * 5) for place, name in enumerate(names)]
    narrow = line_chart(ABOUT, COUNT, days, series).drawings[1]
    assert {*names} <= {*words(narrow)}
    assert narrow.height > line_chart(ABOUT, COUNT, days, series[1:]).drawings[1].height


def test_a_name_for_which_there_is_room_is_never_cut() -> None:
    for name in ("Cardiology", "Granite Workers' Cover", "Pioneer Health Partners", "Imaging"):
        drawing = bar_chart(About("test", "A chart", size=Size.HALF), COUNT, [Bar(name, 3)]).drawings[0]
        assert name in words(drawing)


def test_a_box_is_no_wider_than_its_drawing_and_says_the_whole_name() -> None:
    name = "The Consolidated Mutual Compensation and Occupational Health Insurance Company of Its Neighbours"
    for drawing in bar_chart(About("test", "A chart", size=Size.HALF), COUNT, [Bar(name, 3, name)]).drawings:
        box = ElementTree.fromstring(f"<g>{drawing.spots[0].readout}</g>").find("rect[@class='box']")
        assert box is not None
        assert float(box.attrib["x"]) >= 0
        assert float(box.attrib["x"]) + float(box.attrib["width"]) <= drawing.width
        assert name in drawing.spots[0].label


def test_long_names_are_cut_and_kept_in_full_where_one_points() -> None:
    name = "Blue Cross Blue Shield of Northern New England and Its Neighbours"
    assert width_of(cut(name, 120)) <= 120
    drawing = bar_chart(About("test", "A chart", size=Size.HALF), COUNT, [Bar(name, 3)]).drawings[0]
    shown = next(each for each in shapes(drawing, "text") if "…" in "".join(each.itertext()))
    assert shown[0].text == name
    assert drawing.spots[0].label == f"{name}: 3"


def test_what_somebody_typed_is_text_everywhere() -> None:
    charts = [
        bar_chart(ABOUT, COUNT, [Bar(NASTY, 3, note=NASTY)]),
        line_chart(
            About("test", NASTY, NASTY),
            COUNT,
            days(2),
            [Series(NASTY, [1, 2]), Series("b", [1, 2])],
            benchmark=Benchmark(Decimal(1), NASTY),
        ),
        heat_map(ABOUT, COUNT, [NASTY], [NASTY], [[HeatCell(1, note=NASTY)]]),
        stacked_bars(ABOUT, COUNT, [Part(NASTY)], [Stack(NASTY, [1])]),
        pareto(ABOUT, COUNT, [Bar(NASTY, 1)]),
        histogram(
            About("test", "A chart", axis=NASTY),
            DAYS,
            [Bin(Decimal(0), Decimal(1), 1)],
            [Mark(NASTY, Decimal(1))],
            counted=NASTY,
        ),
    ]
    for chart in charts:
        assert "<script" not in page(chart)
        for drawing in chart.drawings:
            ElementTree.fromstring(drawing.svg)


def test_a_chart_is_a_picture_with_a_name_its_places_speak_and_its_numbers_follow() -> None:
    chart = line_chart(
        About("rate", "Denial rate", "It fell.", export_url="/denials/?period=90"),
        PERCENT,
        days(2),
        [Series("Denied", [Decimal("0.1"), Decimal("0.08")])],
    )
    shown = page(chart)
    assert 'role="img" aria-labelledby="rate-wide-title rate-wide-words"' in shown
    assert '<title id="rate-wide-title">Denial rate</title>' in shown
    assert 'aria-label="6 Jan 2026: Denied 8.0%"' in shown
    assert 'href="/denials/?period=90&amp;format=xlsx"' in shown
    assert '<td class="numeric">10.0%</td>' in shown
    assert re.search(r"<style|\sstyle=|<script|\son\w+=", shown) is None
    ids = re.findall(r'\sid="([^"]+)"', shown)
    assert len(ids) == len(set(ids))


def test_a_place_that_leads_somewhere_is_a_link() -> None:
    shown = page(
        bar_chart(ABOUT, COUNT, [Bar("Aetna", 3, url="/claims/?payer=1&status=denied"), Bar("Cigna", 2)])
    )
    assert shown.count('<a href="/claims/?payer=1&amp;status=denied" aria-label="Aetna: 3">') == 2
    assert shown.count('type="radio"') == 2


def test_four_hundred_days_are_pointed_at_in_few_enough_places() -> None:
    drawing = line_chart(ABOUT, COUNT, days(400), [Series("Claims", list(range(400)))]).drawings[0]
    assert 90 <= len(drawing.spots) <= 120
    assert drawing.spots[-1].label.endswith("Claims 399")


def test_every_colour_of_a_drawing_is_the_light_theme_s_and_has_a_class() -> None:
    css = Path(str(finders.find("css/charts.css"))).read_text()
    tokens = Path(str(finders.find("css/tokens.css"))).read_text()
    light = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6})", tokens))
    rules = dict(re.findall(r"\.(?:fill|stroke)-([\w-]+) \{ (?:fill|stroke): var\(--([\w-]+)\); \}", css))
    for name, colour in COLOURS.items():
        if name not in ("none", "surface"):
            assert light[rules[name]] == colour, name
    assert re.findall(r"#[0-9a-f]{3,8}\b(?=[;, )])", css) == []
    assert set(re.findall(r"var\(--([\w-]+)", css)) <= set(
        re.findall(r"^\s+--([\w-]+):", tokens, re.MULTILINE)
    )


def test_every_class_that_is_drawn_has_a_colour() -> None:
    css = Path(str(finders.find("css/charts.css"))).read_text()
    for chart in sample_charts():
        for name in re.findall(r"(?:fill|stroke)-[\w-]+(?=[ \"])", page(chart).replace("stroke-width", "")):
            if name not in ("stroke-linejoin", "stroke-linecap", "stroke-dasharray"):
                assert f".{name} {{" in css, name


def test_sample_numbers_are_exported_as_they_are() -> None:
    chart = sample_charts()[0]
    assert chart.numbers.headings == ["Week", "Aetna", "Cigna", "Medicare", "UnitedHealthcare"]
    assert chart.numbers.rows[-1] == [
        "Week of 23 Nov 2026",
        Decimal("0.182"),
        Decimal("0.119"),
        Decimal("0.062"),
        Decimal("0.052"),
    ]
