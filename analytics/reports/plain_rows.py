"""Reports as JSON for other systems: the same figures as the KPIs' own addresses give, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ..api.figures import PLACES, decimal, figure, period
from ..catalogue import Figure, Kpi
from . import answering
from .answering import ReportRow, ReportTable
from .asking import ReportQuestion, key_of
from .columns import change_of
from .parts import Counted, Part

ROWS_A_CHUNK = 200


def json_chunks(title: str, part: Part, at: datetime, counted: Counted) -> Iterator[bytes]:
    """One object, written as its rows are read."""
    table = answering.rows(part.asked)
    head = json.dumps(head_of(title, part.asked, table, at))
    yield f'{head[:-1]}, "rows": ['.encode()
    lines: list[str] = []
    between = ""
    for row in counted(table.rows):
        lines.append(f"{between}{json.dumps(row_of(part.asked, row))}")
        between = ",\n"
        if len(lines) == ROWS_A_CHUNK:
            yield "".join(lines).encode()
            lines.clear()
    yield f"{''.join(lines)}]}}".encode()


def head_of(title: str, asked: ReportQuestion, table: ReportTable, at: datetime) -> dict[str, Any]:
    question = asked.question
    return {
        "timestamp": at.isoformat(),
        "title": title,
        "words": asked.words,
        "period": period(question.period),
        "compared_with": period(question.against) if question.against else None,
        "filters": dict(question.filtered),
        "group_by": [each.key for each in asked.groups],
        "numbers": [{"key": key_of(kpi), "label": kpi.label, "unit": str(kpi.unit)} for kpi in asked.numbers],
        "notes": list(table.notes),
        "totals": row_of(asked, table.total) if table.total else None,
    }


def row_of(asked: ReportQuestion, row: ReportRow) -> dict[str, Any]:
    return {
        "members": [
            {"group": each.dimension.key, "key": each.address_key, "label": each.label}
            for each in row.members
        ],
        "period": period(row.period),
        "numbers": {
            key_of(kpi): number_of(kpi, row.now[place], row.then[place] if row.then else None)
            for place, kpi in enumerate(asked.numbers)
        },
    }


def number_of(kpi: Kpi, now: Figure, then: Figure | None) -> dict[str, Any]:
    before = None
    if then is not None:
        change = decimal(change_of(now, then), PLACES[kpi.unit])
        before = {**figure(kpi, then), "change": change}
    return {**figure(kpi, now), "compared": before}
