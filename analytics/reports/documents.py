"""Reports on paper: PDF that Typst sets, with charts, tables, totals and what the numbers mean.

What people typed goes to the template as JSON and is set as plain text; none of it is ever read as Typst.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import typst
from django.conf import settings

from accounts.models import User
from rcm_site.charts import Size
from rcm_site.charts.standalone import FONT_DIRECTORY, standalone
from rcm_site.templatetags.ui import moment
from rcm_site.typesetting import plain, printable

from ..catalogue import Kpi
from ..overview import benchmark_in_words, n_in_words
from . import answering
from .answering import ReportRow, ReportTable
from .asking import NUMBERS
from .columns import ReportColumn, change_in_words, change_tone, shown_columns, words
from .drawing import charts
from .parts import Counted, Part, notes_of, whose

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "reports"
MOST_ROWS = 500  # of a table on paper: nobody reads on, and a sheet has them all
MOST_COLUMNS = 9  # of numbers beside one another


def pdf(title: str, parts: Sequence[Part], owner: User, at: datetime, counted: Counted) -> Iterator[bytes]:
    told = {
        "title": title,
        "by": settings.LETTERHEAD.split("|")[0].strip(),
        "made": moment(at),
        "for_": owner.name or owner.email,
        "whose": whose(owner),
        "definitions": _definitions(parts),
    }
    shown = [_told(part, counted) for part in parts]
    pictures = [each.pop("charts") for each in shown]
    told = plain(told | {"parts": shown})
    for each, drawn in zip(told["parts"], pictures, strict=True):
        each["charts"] = drawn  # a picture is no text, which may be broken anywhere
    yield typst.compile(
        TEMPLATES / "report.typ",
        root=TEMPLATES,
        font_paths=[FONT_DIRECTORY],
        sys_inputs={"told": json.dumps(told)},
    )


def _definitions(parts: Sequence[Part]) -> list[dict[str, str]]:
    kpis = {
        each.key: each for part in parts for each in part.asked.numbers if each is not NUMBERS.get(each.key)
    }
    return [
        {"label": each.label, "definition": each.definition, "formula": _formula(each)}
        for each in kpis.values()
    ]


def _formula(kpi: Kpi) -> str:
    said = [kpi.formula, f"by {kpi.counts_by}"]
    if benchmark := benchmark_in_words(kpi):
        said.append(f"benchmark {benchmark}")
    return "; ".join(said)


# Its parts -----------------------------------------------------------------------------------------


def _told(part: Part, counted: Counted) -> dict[str, Any]:
    table = answering.rows(part.asked)
    rows = list(islice(counted(table.rows), MOST_ROWS + 1))
    notes = notes_of(table, [*rows, *([table.total] if table.total else [])])
    if len(rows) > MOST_ROWS:
        rows = rows[:MOST_ROWS]
        notes.insert(0, f"The first {MOST_ROWS} rows: as CSV or for Excel the report has them all.")
    tables = _figures(part, rows) if not part.asked.groups else _tables(part, table, rows)
    return {
        "heading": part.heading,
        "words": part.asked.words,
        "charts": _charts(table),
        "tables": tables,
        "notes": notes,
    }


def _charts(table: ReportTable) -> list[dict[str, str]]:
    """One across the page, several side by side."""
    size = Size.WIDE if len(table.asked.numbers) == 1 else Size.HALF
    return [
        {
            "title": printable(each.about.title),
            "caption": printable(each.about.caption),
            "description": printable(each.description),
            "svg": printable(standalone(each)),
        }
        for each in charts(table, size)
    ]


def _tables(part: Part, table: ReportTable, rows: Sequence[ReportRow]) -> list[dict[str, Any]]:
    """As many numbers beside one another as have room, each time after what tells the rows apart."""
    shown = shown_columns(part.asked)
    groups = [each for each in shown if not each.is_numeric]
    each_number = 3 if part.asked.question.against else 1
    room = MOST_COLUMNS // each_number * each_number
    numbers = shown[len(groups) :]
    stretches = [numbers[start : start + room] for start in range(0, len(numbers), room)]
    return [_table([*groups, *stretch], rows, table.total) for stretch in stretches]


def _table(
    shown: Sequence[ReportColumn], rows: Sequence[ReportRow], total: ReportRow | None
) -> dict[str, Any]:
    return {
        "columns": [_heading(each.label, is_numeric=each.is_numeric) for each in shown],
        "rows": [[_cell(each, row) for each in shown] for row in rows],
        "total": [_cell(each, total) for each in shown] if total and rows else None,
    }


def _heading(label: str, *, is_numeric: bool) -> dict[str, Any]:
    return {"label": label, "is_numeric": is_numeric}


def _cell(column: ReportColumn, row: ReportRow) -> dict[str, str]:
    return {"text": column.text(row), "tone": column.tone(row)}


def _figures(part: Part, rows: Sequence[ReportRow]) -> list[dict[str, Any]]:
    """Numbers that nothing tells apart stand below one another."""
    asked, row = part.asked, rows[0]
    labels = ["Number", "Value", "Of"]
    if asked.question.against:
        labels[2:2] = ["Year before" if asked.question.compare == "year" else "Before", "Change"]
    found = []
    for place, kpi in enumerate(asked.numbers):
        now, then = row.now[place], row.then[place] if row.then else None
        cells = [{"text": kpi.label, "tone": ""}, {"text": words(kpi, now), "tone": ""}]
        if asked.question.against:
            change = {"text": change_in_words(kpi, now, then), "tone": change_tone(kpi, now, then)}
            cells += [{"text": words(kpi, then), "tone": ""}, change]
        found.append([*cells, {"text": n_in_words(kpi, now) if kpi.n_noun else "", "tone": ""}])
    columns = [_heading(label, is_numeric=label != "Number") for label in labels]
    return [{"columns": columns, "rows": found, "total": None}]
