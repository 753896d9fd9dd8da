"""A number on a page: what it is, how it changed, and where it leads. `_kpi_card.html` draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Good(StrEnum):
    """Which way a number should move."""

    UP = "up"
    DOWN = "down"
    EITHER = "either"


@dataclass(frozen=True)
class Change:
    text: str
    direction: str
    meaning: str


@dataclass(frozen=True)
class Card:
    label: str
    value: str
    url: str = ""
    definition: str = ""
    change: Change | None = None
    benchmark: str = ""
    n: str = ""
    trend: Sequence[Decimal | int | None] = ()


def change_in_count(now: int, before: int, *, period: str, good: Good) -> Change:
    """How a count moved against the period before, and whether that is good."""
    if now == before:
        return Change(f"as many as in {period}", "flat", "neutral")
    by = f"{abs(now - before):,} {'more' if now > before else 'fewer'}"
    return moved(f"{by} than in {period}", is_up=now > before, good=good)


def moved(text: str, *, is_up: bool, good: Good) -> Change:
    """A change up or down: good, bad or neither, by where the number should go."""
    direction = "up" if is_up else "down"
    meaning = "neutral" if good == Good.EITHER else "good" if good == direction else "bad"
    return Change(text, direction, meaning)
