"""What a chart counts in: how a value is written exactly, and how briefly beside an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..templatetags.ui import MINUS, money, money_brief, number, percent

Number = Decimal | int

# From a thousand on an axis says K, M, B or T; all of its ticks say the same one.
MAGNITUDES = [
    (Decimal(10**12), "T"),
    (Decimal(10**9), "B"),
    (Decimal(10**6), "M"),
    (Decimal(10_000), "K"),
]
MOST_PLACES = 6


@dataclass(frozen=True)
class Unit:
    axis: str  # what the axis is headed with, unless the chart says it better
    write: Callable[[Number | None], str]
    brief: Callable[[Number | None], str]  # beside a bar; the exact value is where one points
    before: str = ""
    after: str = ""
    times: int = 1  # a share of one is shown in hundredths
    is_whole: bool = False  # nothing lies between two of them: no tick at half a claim

    def ticks(self, values: Sequence[Decimal], *, is_tight: bool = False) -> list[str]:
        """Tick labels, all in one magnitude and with as many places as tell them apart.

        Where room is tight, one thousand is a K already.
        """
        shown = [value * self.times for value in values]
        largest = max(map(abs, shown), default=Decimal(0))
        divisor, letter = next(
            (
                (1000 if letter == "K" else size, letter)
                for size, letter in MAGNITUDES
                if largest >= (1000 if is_tight and letter == "K" else size)
            ),
            (1, ""),
        )
        scaled = [value / divisor for value in shown]
        places = min(max((_places(value) for value in scaled), default=0), MOST_PLACES)
        return [self._tick(value, places, letter) for value in scaled]

    def _tick(self, value: Decimal, places: int, letter: str) -> str:
        if value and abs(value) < Decimal(1).scaleb(-MOST_PLACES):
            return f"{self.before}{value:.1E}{self.after}"
        if not value:
            return f"{self.before}0{self.after}"
        sign = MINUS if value < 0 else ""
        return f"{sign}{self.before}{abs(value):,.{places}f}{letter}{self.after}"


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(-int(exponent), 0)


def _share(value: Number | None) -> str:
    return percent(None if value is None else Decimal(value))


def _days(value: Number | None) -> str:
    return number(value, 0 if value is None or value == int(value) else 1)


PERCENT = Unit("%", _share, _share, after="%", times=100)
DOLLARS = Unit("$", money, money_brief, before="$")
COUNT = Unit("Claims", number, number, is_whole=True)
DAYS = Unit("Days", _days, _days)
