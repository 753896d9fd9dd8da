"""Writes down each night what every KPI was, as it was known then: later corrections leave it as it is.

A day is taken as a whole and once, whoever asks how often: `take_missing` looks which days have none. A row
is left out only where nothing at all was counted, so departments add up to exactly what they are together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max
from django.utils import timezone

from claims.models import Claim
from rcm_site.alone import is_alone

from .catalogue import Figure, Kpi, needed
from .facts.reading import Amount, Row
from .facts.totals import totals
from .kpis import KPIS
from .models import Snapshot
from .periods import DAY, Period
from .scopes import Scope

DAYS = 30  # that each of them is about
LOOKED_BACK = 92  # days within which those that were missed are made up for
SECONDS = 200  # of work in one call; the next one goes on
WRITER_LOCK = 7_263_006
AT_ONCE = 1_000
MEMBERS = ("payer", "department", "provider")

_PLACES = Decimal(1).scaleb(-8)  # as they are kept


Read = Callable[..., list[Row]]  # as `totals`


class DayNotOver(ValueError):
    """What a day comes to is known when it is over."""


@dataclass(frozen=True)
class Member:
    """Whom a snapshot is of; neither of them stands for those that have none."""

    of: str
    key: int | None = None

    @property
    def columns(self) -> dict[str, Any]:
        return {"of": self.of, **({f"{self.of}_id": self.key} if self.of in MEMBERS else {})}


ALL = Member(Snapshot.Of.ALL)


def window(day: date) -> Period:
    return Period(day - (DAYS - 1) * DAY, day)


# Taking them -----------------------------------------------------------------------------------------


def take(day: date, now: datetime, *, read: Read = totals) -> int:
    """Write down what there is no snapshot of yet for this day; how many rows that were."""
    today = timezone.localdate(now)
    if day >= today:
        raise DayNotOver(f"{day} is not over yet.")
    kpis = _not_taken(day)
    if not kpis:
        return 0
    found = list(_figures(kpis, day, today, read))  # reads for long; nobody else waits for it
    is_late = day < today - DAY
    rows = [_row(kpi, member, figure, day, now, is_late) for kpi, member, figure in found]
    with transaction.atomic():
        if not is_alone(WRITER_LOCK) or {each.key for each in _not_taken(day)} != {each.key for each in kpis}:
            return 0  # somebody else took it meanwhile: all of a day is of one moment
        Snapshot.objects.bulk_create(rows, batch_size=AT_ONCE, ignore_conflicts=True)
    return len(rows)


def take_missing(now: datetime) -> int:
    """Take yesterday's, and before it those of days on which nobody took any; how many days that were."""
    began, taken = time.monotonic(), 0
    for day in missing_days(now):
        if time.monotonic() - began > SECONDS:
            break
        taken += bool(take(day, now))
    return taken


def missing_days(now: datetime) -> list[date]:
    """Those since the first snapshot, newest first; of a site that never took one, yesterday alone."""
    yesterday = timezone.localdate(now) - DAY
    start = yesterday - (LOOKED_BACK - 1) * DAY
    taken = set(_days().filter(day__range=(start, yesterday)).values_list("day", flat=True))
    if not taken and not _days().exists():
        return [yesterday] if Claim.objects.exists() else []
    first = start if _days().filter(day__lt=start).exists() else min(taken, default=yesterday)
    days = (yesterday - n * DAY for n in range((yesterday - first).days + 1))
    return [day for day in days if day not in taken]


def hours_since_last(now: datetime) -> float | None:
    """Since the last day ended that there are snapshots of: up to 24 where each night's are taken.

    Of a site that never took one, since it could have; None while there is nothing to take one of.
    """
    last = _days().order_by("-day").values_list("day", flat=True).first()
    if last is not None:
        since = timezone.make_aware(datetime.combine(last + DAY, datetime.min.time()))
    elif Claim.objects.exists():
        since = _installed_at()
    else:
        return None
    return max(0.0, (now - since).total_seconds() / 3600)


def _installed_at() -> datetime:
    steps = MigrationRecorder(connection).migration_qs.filter(app="analytics")
    return steps.aggregate(last=Max("applied"))["last"]


def _days() -> Any:
    """One row a day: that of the first KPI over all claims."""
    return Snapshot.objects.filter(kpi=next(iter(KPIS)), of=Snapshot.Of.ALL).order_by()


def _not_taken(day: date) -> list[Kpi]:
    rows = Snapshot.objects.filter(day=day, of=Snapshot.Of.ALL)
    taken = set(rows.values_list("kpi", flat=True))
    return [each for key, each in KPIS.items() if key not in taken]


# What they hold --------------------------------------------------------------------------------------


def _figures(kpis: list[Kpi], day: date, today: date, read: Read) -> Iterator[tuple[Kpi, Member, Figure]]:
    """Of all claims, of each payer and each department, which one statement tells; and of each provider."""
    scope, period, measures = Scope(None, today=today), window(day), needed(kpis)
    rows = read(scope, period, measures, by=("payer", "department"))
    providers = read(scope, period, measures, by=("provider",))
    sums = {
        **_added(rows, measures, lambda _: ALL),
        **_added(rows, measures, lambda key: Member("payer", key[0])),
        **_added(rows, measures, lambda key: Member("department", key[1])),
        **_added(providers, measures, lambda key: Member("provider", key[0])),
    }
    sums.setdefault(ALL, dict.fromkeys(measures, 0))
    for member, each in sums.items():
        for kpi in kpis:
            figure = kpi.figure(each, period.days)
            if member == ALL or figure.n or figure.numerator or figure.denominator:
                yield kpi, member, figure


def _added(rows: Iterable[Row], measures: list[str], member_of: Any) -> dict[Member, dict[str, Amount]]:
    found: dict[Member, dict[str, Amount]] = {}
    for row in rows:
        sums = found.setdefault(member_of(row.key), dict.fromkeys(measures, 0))
        for key in measures:
            sums[key] += row.sums[key]
    return found


def _row(kpi: Kpi, member: Member, figure: Figure, day: date, now: datetime, is_late: bool) -> Snapshot:
    return Snapshot(
        kpi=kpi.key,
        **member.columns,
        day=day,
        days=DAYS,
        numerator=_kept(figure.numerator),
        denominator=None if figure.denominator is None else _kept(figure.denominator),
        n=figure.n,
        taken_at=now,
        is_late=is_late,
    )


def _kept(value: Decimal) -> Decimal:
    return value.quantize(_PLACES, ROUND_HALF_UP)
