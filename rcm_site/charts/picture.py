"""A chart as a PNG, for mails: their programs show no SVG."""

from __future__ import annotations

from dataclasses import replace

import resvg_py

from .chart import Chart
from .standalone import FONT, FONT_DIRECTORY, standalone, surface

FONTS = [str(FONT_DIRECTORY / f"SourceSansPro-{weight}.ttf") for weight in ("Regular", "Semibold")]
SHARPNESS = 3  # dots for each dot of the drawing: screens are finer than they say


def png(chart: Chart, *, narrow: bool = False) -> bytes:
    """The picture in the light theme, as for a desk or a phone; nothing where there is nothing to draw."""
    drawn = standalone(replace(chart, drawings=chart.drawings[-1:]) if narrow else chart)
    if not drawn:
        return b""
    return resvg_py.svg_to_bytes(
        svg_string=drawn,
        zoom=SHARPNESS,
        background=surface(),
        skip_system_fonts=True,
        font_files=FONTS,
        font_family=FONT,
    )
