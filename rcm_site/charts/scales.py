"""From values to places: round ticks, and where a value lies between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

ROUND_FACTORS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
# A line may start above zero when all of it lies in the upper part of its axis; even then the axis spans a
# tenth of what it shows, so that a steady number looks steady.
UPPER_PART = Decimal("0.7")
LEAST_SPAN = Decimal("0.1")
ROOM_OF_A_TICK = 72


@dataclass(frozen=True)
class Scale:
    low: Decimal
    high: Decimal
    start: float
    end: float
    ticks: tuple[Decimal, ...] = ()

    def at(self, value: Decimal) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + float(share) * (self.end - self.start)

    def length(self, value: Decimal) -> float:
        return abs(self.at(value) - self.at(self.low))

    @property
    def starts_at_zero(self) -> bool:
        return self.low <= 0 <= self.high


def round_step(span: Decimal, most: int, *, is_whole: bool) -> Decimal:
    """The smallest round step that needs at most so many ticks."""
    rough = max(span / most, Decimal(1)) if is_whole else span / most
    power = Decimal(1).scaleb(rough.adjusted())
    steps = (factor * power for factor in ROUND_FACTORS)
    return next(step for step in steps if step >= rough and (not is_whole or step == int(step)))


def scale_of(
    values: Iterable[Decimal],
    start: float,
    end: float,
    *,
    most: int = 5,
    is_whole: bool = False,
    from_zero: bool = True,
) -> Scale:
    """A scale between round ticks that holds all the values, and zero unless it may be left out."""
    low, high = _reach(values, from_zero=from_zero)
    step = round_step(high - low, most, is_whole=is_whole)
    first = (low / step).to_integral_value(ROUND_FLOOR)
    last = (high / step).to_integral_value(ROUND_CEILING)
    ticks = tuple((first + place) * step for place in range(int(last - first) + 1))
    return Scale(ticks[0], ticks[-1], start, end, ticks)


def bar_scale(values: Iterable[Decimal], start: float, end: float, *, is_whole: bool = False) -> Scale:
    """A scale from end to end of lying bars, with the ticks that have room."""
    low, high = _reach(values, from_zero=True)
    step = round_step(high - low, max(int((end - start) / ROOM_OF_A_TICK), 1), is_whole=is_whole)
    first = (low / step).to_integral_value(ROUND_CEILING)
    last = (high / step).to_integral_value(ROUND_FLOOR)
    ticks = tuple((first + place) * step for place in range(int(last - first) + 1))
    return Scale(low, high, start, end, ticks)


def _reach(values: Iterable[Decimal], *, from_zero: bool) -> tuple[Decimal, Decimal]:
    known = list(values)
    low, high = min(known, default=Decimal(0)), max(known, default=Decimal(0))
    if from_zero or not _leaves_zero_out(low, high):
        low, high = min(low, Decimal(0)), max(high, Decimal(0))
    else:
        room = max(high * LEAST_SPAN - (high - low), Decimal(0)) / 2
        low, high = low - room, high + room
    return low, (low + 1 if low == high else high)


def _leaves_zero_out(low: Decimal, high: Decimal) -> bool:
    return low > 0 and low / high >= UPPER_PART
