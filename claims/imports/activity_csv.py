"""Reads staff activity CSV files: who did what to which claim, when, and whether it was an error."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from . import validation
from .records import ActivityRecord, Problem, Record
from .rules import Rules
from .tabular import Column, Table
from .validation import Form, Memo

COLUMNS = (
    Column(
        "staff",
        "staff e-mail",
        (
            "staff id",
            "staff",
            "staff member",
            "user email",
            "user id",
            "user",
            "employee id",
            "employee",
            "email",
        ),
    ),
    Column("claim", "claim", ("claim id", "claim number", "claim #", "claim no", "external id")),
    Column("action", "action", ("activity", "action type", "activity type")),
    Column(
        "at",
        "moment",
        ("timestamp", "date time", "action at", "action date", "performed at", "occurred at", "date", "time"),
    ),
    Column("is_error", "error flag", ("error", "is error", "has error"), required=False),
)
LABELS = {column.field: column.label for column in COLUMNS}


def read_activity(file: BinaryIO, rules: Rules) -> Iterator[Record]:
    table = Table(file, COLUMNS, rules.limits)
    form = _form(rules)
    names = {**LABELS, **table.names}
    yield from table.notes()
    for place, row in table.rows():
        problems: list[Problem] = []
        if reason := table.wrong_width(row):
            problems.append(Problem(place, "", reason))
            values = {}
        else:
            values = form.read(place, table.texts(row), names, problems)
        done = ActivityRecord(place, **{"staff": "", "claim": "", "action": "", **values}, problems=problems)
        if problems or rules.keep_rows:
            done.source.append((place, row))
        yield done
    yield from table.closing_notes()


def _form(rules: Rules) -> Form:
    return Form(
        {
            "staff": Memo(validation.identifier).__getitem__,
            "claim": validation.identifier,
            "action": Memo(validation.name).__getitem__,
            "at": partial(validation.exact_moment, today=rules.today, zone=rules.zone),
            "is_error": Memo(validation.flag).__getitem__,
        },
        required=[column.field for column in COLUMNS if column.required],
    )
