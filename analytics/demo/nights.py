"""What was written down of the demo's past weeks: each Sunday's numbers, as they were known that night.

What payers answer lies in the mail for some days. So of the last of each thirty days only what was sent was
known, and a number as it is known now differs from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.utils import timezone

from ..facts import sources
from ..facts.measures import MEASURES
from ..facts.reading import Row
from ..facts.totals import totals
from ..periods import DAY, Period
from ..scopes import Scope
from ..snapshots import take

WEEKS = 5
IN_THE_MAIL = timedelta(days=3)
NIGHT = timedelta(hours=2)
ANSWERS = {sources.DECIDED, sources.FIRST_DECIDED, sources.PAID, sources.PAYMENTS, sources.ADJUSTMENTS}


def write_down(today: date) -> None:
    """The oldest first; what lies between them is made up for when the site starts."""
    last = today - (today.isoweekday() % 7 or 7) * DAY
    for weeks in reversed(range(WEEKS)):
        sunday = last - 7 * weeks * DAY
        midnight = timezone.make_aware(datetime.combine(sunday + DAY, datetime.min.time()))
        take(sunday, midnight + NIGHT, read=as_known_then)


def as_known_then(scope: Scope, period: Period, measures: Iterable[str], by: Sequence[str]) -> list[Row]:
    """As `totals`, without the answers that had not come yet."""
    late = [key for key in measures if not MEASURES[key].as_of and MEASURES[key].sources in ANSWERS]
    known = Period(period.start, period.end - IN_THE_MAIL)
    found: dict[tuple[object, ...], Row] = {}
    for days, keys in ((period, [key for key in measures if key not in late]), (known, late)):
        for row in totals(scope, days, keys, by=by):
            nothing = Row(row.key, dict.fromkeys(measures, 0))
            found.setdefault(row.key, nothing).sums.update(row.sums)
    return list(found.values())
