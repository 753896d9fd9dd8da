"""The dashboard's cards: a few KPIs of a person's period, against the period of the same length before."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from .cards import Card, Change, moved
from .catalogue import Figure, Kpi, Unit, figures, series
from .kpis import KPIS
from .periods import Period, Step
from .scopes import Scope

FLOWING = (
    "claims_submitted",
    "cash_collected",
    "denial_rate",
    "average_days_to_pay",
    "first_pass_resolution",
    "net_collection_rate",
)
# How things stand now. What they were on a past day is slow to tell, so these say no change.
STANDING = ("open_ar", "gross_days_in_ar", "aged_ar_over_90")
WEEKS = 12  # of a trend; whole ones, or the last would seem to fall


def kpi_cards(scope: Scope, period: Period) -> list[Card]:
    flowing = [KPIS[key] for key in FLOWING]
    now = figures([*flowing, *(KPIS[key] for key in STANDING)], scope, period)
    before = figures(flowing, scope, period.previous())
    weeks = series(flowing, scope, _whole_weeks(period.end), Step.WEEK)
    cards = [
        _card(kpi, now[kpi.key], period, before[kpi.key], [figure.value for _, figure in weeks[kpi.key]])
        for kpi in flowing
    ]
    return cards + [_card(KPIS[key], now[key], period) for key in STANDING]


def _whole_weeks(day: date) -> Period:
    sunday = day - timedelta(days=(day.weekday() + 1) % 7)
    return Period(sunday - timedelta(days=7 * WEEKS - 1), sunday)


def _card(
    kpi: Kpi,
    figure: Figure,
    period: Period,
    before: Figure | None = None,
    trend: list[Decimal | None] | None = None,
) -> Card:
    few = "only " if figure.is_few else ""
    return Card(
        kpi.label,
        kpi.words(figure.value),
        definition=kpi.definition,
        change=_change(kpi, figure, before, period) if before else None,
        benchmark=f"{kpi.words(kpi.benchmark.value)} ({kpi.benchmark.words})" if kpi.benchmark else "",
        n="" if kpi.unit == Unit.COUNT else f"{few}{figure.n:,} {kpi.n_noun}",
        trend=trend or (),
    )


def _change(kpi: Kpi, now: Figure, before: Figure, period: Period) -> Change | None:
    """A share moves by points, days by days, a sum by its share of what it was."""
    if now.value is None or before.value is None:
        return None
    difference = now.value - before.value
    days = f"the {period.days} days before"
    if difference == 0:
        return Change(f"as in {days}", "flat", "neutral")
    by = _words_of_change(kpi.unit, abs(difference), before.value)
    if not by:
        return None
    text = f"{by} {'more' if difference > 0 else 'less'} than in {days}"
    return moved(text, is_up=difference > 0, good=kpi.good)


def _words_of_change(unit: Unit, difference: Decimal, before: Decimal) -> str:
    if unit == Unit.PERCENT:
        return f"{difference:.1f} points"
    if unit == Unit.DAYS:
        return f"{difference:.1f} days"
    return f"{difference / before * 100:.1f}%" if before else ""
