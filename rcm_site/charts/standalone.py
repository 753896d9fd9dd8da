"""A chart as one picture of its own, for paper and mails, which have no style sheet.

The colours are those of the pages: which class means which is read from charts.css, and what each is from
tokens.css, for the light or the dark theme.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

import font_source_sans_pro  # type: ignore[import-untyped]
from django.conf import settings

from .chart import Chart

Theme = Literal["light", "dark"]

FONT = "Source Sans Pro"  # comes along with the site: a server need not have any letters of its own
FONT_DIRECTORY = Path(font_source_sans_pro.font_directory)

STYLES = Path(settings.BASE_DIR) / "rcm_site" / "static" / "css"
TOKEN = re.compile(r"^\s*(--[\w-]+): light-dark\((#\w+), (#\w+)\);", re.MULTILINE)
OF_CLASS = re.compile(r"^\.([\w-]+) \{ (fill|stroke): var\((--[\w-]+)\); \}", re.MULTILINE)
ELEMENT = re.compile(r'<(\w+)([^>]*?) class="([^"]*)"([^>]*)>')
COLOUR = re.compile(r' (fill|stroke)="(?!none")[^"]*"')


def standalone(chart: Chart, theme: Theme = "light") -> str:
    """The picture for a desk's room; empty where there is nothing to draw."""
    if not chart.drawings:
        return ""
    drawn = ELEMENT.sub(lambda found: _coloured(found, theme), str(chart.drawings[0].svg))
    return drawn.replace('font-family="sans-serif"', f'font-family="{FONT}"', 1)


def surface(theme: Theme = "light") -> str:
    """What a chart lies on."""
    return _tokens(theme)["--surface"]


def _coloured(found: re.Match[str], theme: Theme) -> str:
    """An element with the colours of its classes as attributes, and no class any more."""
    name, before, classes, after = found.groups()
    named = {}
    for each in classes.split():
        if each in _properties():
            attribute, token = _properties()[each]
            named[attribute] = _tokens(theme)[token]
        elif each in ("has-halo", "part"):  # ground around words, a hair of it between the parts of a stack
            named["stroke"] = surface(theme)
    rest = COLOUR.sub(lambda each: "" if each[1] in named else each[0], before + after)
    colours = "".join(f' {attribute}="{colour}"' for attribute, colour in named.items())
    return f"<{name}{colours}{rest}>"


@cache
def _tokens(theme: Theme) -> dict[str, str]:
    found = TOKEN.findall((STYLES / "tokens.css").read_text())
    return {name: light if theme == "light" else dark for name, light, dark in found}


@cache
def _properties() -> dict[str, tuple[str, str]]:
    """What a class colours, and by which token."""
    found = OF_CLASS.findall((STYLES / "charts.css").read_text())
    return {name: (attribute, token) for name, attribute, token in found}
