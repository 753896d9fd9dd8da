"""What a page has hundreds or thousands of, written in Python: the template engine takes ten times as long.

Each tag writes what stands inside an element whose frame is in a template: the rows of a table, the numbers
and the speaking places of a chart, the options of a choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from django import template
from django.utils.safestring import SafeString

from .ui import badge, percent

if TYPE_CHECKING:
    from ..charts.canvas import Drawing
    from ..charts.chart import Numbers
    from ..tables import Cell, Row, Table

LONG_NAME, LONG_WORD = 40, 24  # letters

register = template.Library()


def text(words: object) -> str:
    """As the template engine writes it."""
    return words if isinstance(words, SafeString) else escape(str(words))


def _numeric(is_numeric: bool) -> str:
    return ' class="numeric"' if is_numeric else ""


def _head(name: object, shown: str, *, is_numeric: bool = False, title: str = "") -> str:
    """A row's name stands in one line, unless it is as long as a table is wide."""
    is_long = len(str(name)) > LONG_NAME or _has_long_word(str(name))
    css = ' class="long-name"' if is_long else _numeric(is_numeric)
    said = f' title="{text(title)}"' if title else ""
    return f'<th scope="row"{css}{said}>{shown}</th>'


# Tables --------------------------------------------------------------------------------------------


@register.simple_tag
def table_rows(table: Table) -> SafeString:
    return SafeString("\n".join(_row(table, row) for row in table.rows))


@register.simple_tag
def table_totals(table: Table) -> SafeString:
    first, *others = table.totals or []
    return SafeString(f'<tr><th scope="row">{_cell(first)}</th>{"".join(map(_cell_of_row, others))}</tr>')


def _row(table: Table, row: Row) -> str:
    first, *others = row.cells
    name = _cell(first)
    if row.url:
        anchor = f' id="{text(row.anchor)}"' if row.anchor else ""
        name = f'<a href="{text(row.url)}"{anchor}>{name}</a>'
    head = _head(first.text, name, is_numeric=first.numeric, title=first.title)
    return f"<tr>{_pick(table, row)}{head}{''.join(map(_cell_of_row, others))}</tr>"


def _pick(table: Table, row: Row) -> str:
    if not row.pick:
        return ""
    return (
        f'<td class="pick"><input type="checkbox" name="row" value="{text(row.pick)}" '
        f'form="{text(table.picks)}" aria-label="Select {text(row.cells[0].text)}"></td>'
    )


def _cell_of_row(cell: Cell) -> str:
    title = f' title="{text(cell.title)}"' if cell.title else ""
    css = ' class="long-name"' if _has_long_word(cell.text) else _numeric(cell.numeric)
    return f"<td{css}{title}>{_cell(cell)}</td>"


def _has_long_word(words: str) -> bool:
    return len(words) > LONG_WORD and any(len(word) > LONG_WORD for word in words.split())


def _cell(cell: Cell) -> str:
    """What stands in a cell of a table, and where it leads."""
    words = text(cell.text)
    if cell.badge:
        words = badge(cell.badge, cell.text)
    elif cell.tone:
        words = f'<span class="is-{text(cell.tone)}">{words}</span>'
    if cell.url:
        words = f'<a href="{text(cell.url)}">{words}</a>'
    if cell.share is None:
        return words
    bar = f'<rect width="{percent(cell.share)}" height="100%" rx="2"/>'
    return f'{words}<svg class="bar" aria-hidden="true">{bar}</svg>'


# Charts --------------------------------------------------------------------------------------------


@register.simple_tag
def chart_numbers(numbers: Numbers) -> SafeString:
    """The rows of the table behind a chart."""
    return SafeString("\n".join(_numbers_row(cells) for cells in numbers.cells))


def _numbers_row(cells: Iterable[Any]) -> str:
    first, *others = cells
    rest = (f"<td{_numeric(each.is_numeric)}>{text(each.text)}</td>" for each in others)
    return f"<tr>{_head(first.text, text(first.text))}{''.join(rest)}</tr>"


@register.simple_tag
def chart_spots(drawing: Drawing, group: str) -> SafeString:
    """The places of a drawing that speak. Those that lead somewhere are links; the others are one stop for
    the Tab key, and the arrows go from one to the next."""
    return SafeString("".join(_spots(drawing, text(group))))


def _spots(drawing: Drawing, group: str) -> Iterator[str]:
    for spot in drawing.spots:
        label = f'aria-label="{text(spot.label)}"'
        if spot.url:
            place = f'<a href="{text(spot.url)}" {label}>{spot.area}</a>'
        else:
            room = f'x="{spot.x:.5g}" y="{spot.y:.5g}" width="{spot.width:.5g}" height="{spot.height:.5g}"'
            choice = f'<input type="radio" name="{group}" {label} autocomplete="off">'
            place = f"{spot.area}<foreignObject {room}>{choice}</foreignObject>"
        yield f'<g class="spot">{place}<g class="readout" aria-hidden="true">{spot.readout}</g></g>'


# Fields of forms ------------------------------------------------------------------------------------


def options(widget: Mapping[str, Any]) -> str:
    """What a choice offers, as Django's own templates write it."""
    return "\n".join(_group(name, choices) for name, choices, _ in widget["optgroups"])


def _group(name: str | None, choices: Iterable[dict[str, Any]]) -> str:
    written = "\n".join(map(_option, choices))
    return f'<optgroup label="{text(name)}">{written}</optgroup>' if name else written


def _option(option: dict[str, Any]) -> str:
    value, label = text(option["value"]), text(option["label"])
    return f'<option value="{value}"{attributes(option["attrs"])}>{label}</option>'


def attributes(named: Mapping[str, Any]) -> str:
    """Those of an element, as Django's own templates write them."""
    return "".join(
        f" {name}" if value is True else f' {name}="{text(value)}"'
        for name, value in named.items()
        if value is not False
    )
