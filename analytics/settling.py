"""All facts added up and all past days kept, at once: what workers otherwise come to little by little."""

from __future__ import annotations

from django.utils import timezone

from .keeping_balances import keep_days, renew_balances
from .periods import DAY
from .reading import DAYS, STAFF
from .refreshing import refresh

DAYS_AT_ONCE = 1_000


def settle() -> None:
    """For a site that nobody works with yet: everything is locked in the meantime on SQLite."""
    for fact in (DAYS, STAFF):
        while refresh(fact, DAYS_AT_ONCE):
            pass
    while renew_balances(100_000):
        pass
    while keep_days(timezone.localdate() - DAY, DAYS_AT_ONCE):
        pass
