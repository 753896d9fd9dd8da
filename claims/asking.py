"""What somebody writes into an address, read: a day, a name or an id, one of some words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

Found = TypeVar("Found", bound=Model)

DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
NUMBER = re.compile("[0-9]{1,18}")


class Wrong(Exception):
    """Why a value says nothing."""


def day(text: str) -> date:
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Wrong("A day is written as in 2026-11-21.")


def one_of(text: str, choices: Iterable[str]) -> str:
    known = list(choices)
    if text not in known:
        raise Wrong(f"One of {', '.join(known)}.")
    return text


def named(rows: QuerySet[Found], text: str) -> Found:
    """What is meant by an id or a name."""
    by_id = Q(pk=int(text)) if NUMBER.fullmatch(text) else Q(pk__in=[])
    found = rows.filter(by_id).first() or rows.filter(name__iexact=text).first()
    if found is None:
        raise Wrong("There is none of this id or name.")
    return found
