"""Charts as pictures of their own look as on the pages, in both themes and without a style sheet."""

from __future__ import annotations

import re
from decimal import Decimal
from xml.etree import ElementTree

import resvg_py

from rcm_site.charts import PERCENT, About, Bar, Benchmark, Chart, bar_chart
from rcm_site.charts.canvas import COLOURS
from rcm_site.charts.samples import sample_charts
from rcm_site.charts.standalone import FONT_DIRECTORY, standalone, surface


def chart() -> Chart:
    bars = [Bar("<Aetna> & Co", Decimal("0.119"), is_focus=True), Bar("Cigna", Decimal("0.05"))]
    return bar_chart(About("rates", "Rates"), PERCENT, bars, benchmark=Benchmark(Decimal("0.1"), "target"))


def test_a_standalone_chart_needs_no_style_sheet() -> None:
    told = standalone(chart())
    ElementTree.fromstring(told)
    assert "class=" not in told
    assert 'font-family="Source Sans Pro"' in told
    assert COLOURS["1"] in told
    assert "&lt;Aetna&gt;" in told


def test_the_dark_theme_uses_no_colour_of_the_light_one() -> None:
    light, dark = (set(re.findall("#[0-9a-f]{6}", standalone(chart(), theme))) for theme in ("light", "dark"))
    assert light
    assert dark
    assert not light & dark


def test_every_kind_of_chart_becomes_a_picture() -> None:
    for each in sample_charts():
        told = standalone(each, "dark")
        if not each.drawings:
            assert told == ""
            continue
        png = resvg_py.svg_to_bytes(
            svg_string=told,
            background=surface("dark"),
            font_dirs=[str(FONT_DIRECTORY)],
            skip_system_fonts=True,
        )
        assert bytes(png).startswith(b"\x89PNG")
