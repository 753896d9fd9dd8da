"""Drawing in SVG: shapes with geometry in their attributes and colours by class.

Nothing is styled inline. Each colour is a class that charts.css binds to the themes' variables, and the light
theme's value as an attribute for mails and documents, which have no style sheet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from django.utils.html import escape
from django.utils.safestring import SafeString

from .lettering import LETTER, LINE, STRONG, cut, widest, width_of

# Colours of tokens.css as they are in the light theme.
COLOURS = {
    "1": "#0b6166",
    "2": "#803100",
    "3": "#4a2880",
    "4": "#b762b4",
    "5": "#759e35",
    "6": "#05333e",
    "7": "#8c592b",
    "8": "#697674",
    "context": "#9aa7aa",
    "scale-1": "#e6f2f1",
    "scale-2": "#c4e0de",
    "scale-3": "#9bcbc9",
    "scale-4": "#6db1b0",
    "scale-5": "#3f9294",
    "scale-6": "#187175",
    "scale-7": "#084d51",
    "text": "#17211f",
    "soft": "#46545a",
    "on-low": "#17211f",
    "on-middle": "#000000",
    "on-high": "#ffffff",
    "grid": "#dde3e4",
    "axis": "#bcc6c8",
    "surface": "#ffffff",
    "none": "none",
}

Anchor = Literal["start", "middle", "end"]
PADDING = 8
KEY = 14  # the dot before a name and its gap


def element(name: str, inner: str = "", /, **attributes: float | str | None) -> SafeString:
    """One element; an attribute that is None is left out, and underscores stand for hyphens."""
    written = "".join(
        [
            f' {_hyphened(key)}="{_quoted(value) if isinstance(value, str) else f"{value:.5g}"}"'
            for key, value in attributes.items()
            if value is not None
        ]
    )
    return SafeString(f"<{name}{written}>{inner}</{name}>")


@lru_cache(256)
def _hyphened(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


# A drawing writes the same few words into thousands of attributes.
@lru_cache(4096)
def _quoted(value: str) -> str:
    return escape(value)


@dataclass(frozen=True)
class Said:
    """One line of what a place says when it is pointed at."""

    name: str
    value: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Spot:
    """A place that says its values under the pointer and to the keyboard, or leads to them."""

    label: str
    area: SafeString
    x: float
    y: float
    width: float
    height: float
    readout: SafeString
    url: str = ""


@dataclass(frozen=True)
class Drawing:
    kind: str  # "wide", "half" or "narrow": which room it is made for
    width: float
    height: float
    shapes: SafeString
    spots: tuple[Spot, ...]

    @property
    def svg(self) -> SafeString:
        """The picture alone, for a mail or a document."""
        return element(
            "svg",
            self.shapes,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {self.width:g} {self.height:g}",
            width=self.width,
            height=self.height,
            font_family="sans-serif",
            font_size=LETTER,
        )


@dataclass
class Canvas:
    kind: str
    width: float
    height: float = 0
    shapes: list[SafeString] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)

    @property
    def is_narrow(self) -> bool:
        return self.kind == "narrow"

    def rect(self, x: float, y: float, width: float, height: float, tone: str, css: str = "") -> None:
        self.shapes.append(_rect(x, y, width, height, tone, css))

    def rule(
        self, x1: float, y1: float, x2: float, y2: float, tone: str = "grid", *, is_dashed: bool = False
    ) -> None:
        """A straight line: of the grid, an axis, or dashed for a benchmark."""
        self.shapes.append(
            element(
                "line",
                class_=f"stroke-{tone}",
                stroke=COLOURS[tone],
                stroke_dasharray="5 4" if is_dashed else None,
                x1=x1,
                y1=y1,
                x2=x2,
                y2=y2,
            )
        )

    def path(self, d: str, tone: str, *, is_strong: bool = True) -> None:
        self.shapes.append(
            element(
                "path",
                class_=f"stroke-{tone}",
                fill="none",
                stroke=COLOURS[tone],
                stroke_width=2 if is_strong else 1.5,
                stroke_linejoin="round",
                stroke_linecap="round",
                d=d,
            )
        )

    def dot(self, x: float, y: float, tone: str, radius: float = 3) -> None:
        self.shapes.append(_dot(x, y, tone, radius))

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        anchor: Anchor = "start",
        tone: str = "soft",
        title: str = "",
        value: str = "",  # said before the words, in full colour
        is_strong: bool = False,
        has_halo: bool = False,
        turn: int = 0,
    ) -> None:
        name = element("title", _quoted(title)) if title and title != words else ""
        value_first = ""
        if value:
            value_first = element("tspan", _quoted(value), class_="fill-text", fill=COLOURS["text"]) + " "
        css = f"fill-{tone}{' is-strong' if is_strong else ''}{' has-halo' if has_halo else ''}"
        self.shapes.append(
            element(
                "text",
                name + value_first + _quoted(words),
                class_=css,
                fill=COLOURS[tone],
                font_weight=600 if is_strong else None,
                text_anchor=None if anchor == "start" else anchor,
                transform=f"rotate({turn} {x:.1f} {y:.1f})" if turn else None,
                stroke=COLOURS["surface"] if has_halo else None,
                stroke_width=3 if has_halo else None,
                stroke_linejoin="round" if has_halo else None,
                paint_order="stroke" if has_halo else None,
                x=x,
                y=y,
            )
        )

    def spot(
        self,
        area: tuple[float, float, float, float],
        said: list[Said],
        *,
        beside: tuple[float, float] | None = None,
        marks: str = "",
        url: str = "",
    ) -> None:
        """Let a rectangle say something when it is pointed at, in a box below it or beside a point of it."""
        x, y, width, height = area
        label = f"{said[0].name}: " + ", ".join(f"{line.name} {line.value}".strip() for line in said[1:])
        room = _room_of_box(said)
        if room[0] > self.width:
            said = [self._fitting(line) for line in said]
            room = _room_of_box(said)
        left, top = self._beside(beside, room) if beside else self._below(area, room)
        readout = SafeString(marks + _box(said, left, top, *room))
        self.spots.append(
            Spot(label, _rect(x, y, width, height, "none", "hit"), x, y, width, height, readout, url)
        )

    def _fitting(self, line: Said) -> Said:
        """A box is no wider than its drawing; the whole name is told in words, and in the numbers."""
        room = self.width - 4 * PADDING - KEY - width_of(line.value) * STRONG
        return replace(line, name=cut(line.name, room / STRONG))

    def _beside(self, point: tuple[float, float], room: tuple[float, float]) -> tuple[float, float]:
        (x, y), (width, height) = point, room
        left = x + 12 if x + 12 + width <= self.width else x - 12 - width
        return max(left, 0), min(max(y - height / 2, 0), max(self.height - height, 0))

    def _below(
        self, area: tuple[float, float, float, float], room: tuple[float, float]
    ) -> tuple[float, float]:
        """Below a row, or above it near the foot, so that the row itself stays in sight."""
        (x, y, width, height), (wide, high) = area, room
        left = min(max(x + width / 2 - wide / 2, 0), max(self.width - wide, 0))
        is_low = y + height + high > self.height and y > high
        return left, y - high - 2 if is_low else y + height + 2

    def finish(self) -> Drawing:
        shapes = SafeString("".join(self.shapes))
        return Drawing(self.kind, self.width, self.height, shapes, tuple(self.spots))


def _rect(
    x: float, y: float, width: float, height: float, tone: str, css: str = "", rx: int | None = None
) -> SafeString:
    """Written out at once, as the lines of a box are: a heat map has a thousand."""
    known = css if tone == "none" else f"fill-{tone} {css}".rstrip()
    corners = f' rx="{rx}"' if rx is not None else ""
    return SafeString(
        f'<rect class="{known}" fill="{COLOURS[tone]}" x="{x:.5g}" y="{y:.5g}" '
        f'width="{width:.5g}" height="{height:.5g}"{corners}></rect>'
    )


def _dot(x: float, y: float, tone: str, radius: float) -> SafeString:
    return element("circle", class_=f"fill-{tone}", fill=COLOURS[tone], cx=x, cy=y, r=radius)


def _room_of_box(said: list[Said]) -> tuple[float, float]:
    names = widest([line.name for line in said[1:]])
    values = widest([line.value for line in said[1:]]) * STRONG
    width = max(width_of(said[0].name) * STRONG, KEY + names + (2 * PADDING + values if values else 0))
    return width + 2 * PADDING, LINE * len(said) + PADDING


def _box(said: list[Said], left: float, top: float, width: float, height: float) -> str:
    lines: list[str] = [_rect(left, top, width, height, "none", "box", rx=4)]
    for place, line in enumerate(said):
        lines.append(_said(line, left, top + LINE * (place + 1) - 2, width, is_heading=place == 0))
    return "".join(lines)


def _said(line: Said, left: float, y: float, width: float, *, is_heading: bool) -> str:
    """A line of a box, written out at once: boxes are most of a chart's bytes and of the time to draw it."""
    start, end, base = round(left + PADDING), round(left + width - PADDING), round(y)
    name = _quoted(line.name)
    if is_heading:
        return f'<text class="said-heading" x="{start}" y="{base}">{name}</text>'
    said = f'<text class="said" x="{start + KEY}" y="{base}">{name}</text>'
    if line.tone:
        said += f'<circle class="fill-{line.tone}" cx="{start + 4}" cy="{base - 4}" r="3.5"/>'
    if line.value:
        value = _quoted(line.value)
        said += f'<text class="said-value" text-anchor="end" x="{end}" y="{base}">{value}</text>'
    return said
