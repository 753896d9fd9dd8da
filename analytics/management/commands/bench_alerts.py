"""Times how long it takes to look at many alert rules over the claims that are here."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from decimal import Decimal
from itertools import cycle, islice, product
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import Department
from analytics.alerts import preview
from analytics.alerts.checking import check_due
from analytics.kpis import KPIS
from analytics.models import Alert, AlertRule
from claims.models import Claim, Payer

LIMITS = {
    "above": Decimal(1_000_000_000),  # so that few open: what is timed is looking
    "rises": Decimal(1_000_000_000),
    "unusual": Decimal(50),
}
WINDOWS = (1, 7, 30, 90)


class Command(BaseCommand):
    help = "Make rules of every kind, look at all of them once, and take everything back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rules", type=int, default=500)
        parser.add_argument("--open", type=int, default=10, help="Of how many alerts are opened.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not Claim.objects.exists():
            raise CommandError("There are no claims to look at.")
        with transaction.atomic():
            AlertRule.objects.all().update(is_active=False)
            rules = list(islice(_rules(), options["rules"]))
            for rule in rules[: options["open"]]:
                rule.condition, rule.limit, rule.minimum_n = "above", Decimal(-1), 0
            AlertRule.objects.bulk_create(rules)
            self._time_looking(len(rules))
            self._time_previews()
            transaction.set_rollback(True)

    def _time_looking(self, count: int) -> None:
        for what in ("first", "again"):
            AlertRule.objects.active().update(due_at=timezone.now())
            before, began = Alert.objects.count(), time.perf_counter()
            checked = check_due(timezone.now())
            seconds = time.perf_counter() - began
            opened = Alert.objects.count() - before
            problems = AlertRule.objects.active().exclude(problem="").count()
            self.stdout.write(
                f"{what}: {checked} of {count} rules over {Claim.objects.count():,} claims in "
                f"{seconds:.2f} s; {opened} alerts opened, {problems} rules with problems"
            )

    def _time_previews(self) -> None:
        today = timezone.localdate()
        for each, condition in product(("", "payer", "department", "provider"), ("above", "unusual")):
            rule = AlertRule(watches="denial_rate", condition=condition, limit=5, each=each)
            began = time.perf_counter()
            found = preview.replay(rule, until=today)
            seconds = time.perf_counter() - began
            self.stdout.write(f"preview {condition}, {each or 'all'}: {seconds:.2f} s, {found.words}")


def _rules() -> Iterator[AlertRule]:
    """All KPIs by all windows and conditions, of all, of each or of one payer or department in turn."""
    payers, departments = list(Payer.objects.all()[:20]), list(Department.objects.all()[:20])
    narrowed: list[dict[str, Any]] = [
        *({"each": each} for each in ("", "payer", "department")),
        *({"payer": payer} for payer in payers),
        *({"department": department} for department in departments),
        {"each": "payer", "department": departments[0] if departments else None},
        {"kind": "professional"},
    ]
    kinds = cycle(product(KPIS, WINDOWS, LIMITS))
    for number, ((kpi, window, condition), fields) in enumerate(zip(kinds, cycle(narrowed), strict=False)):
        yield AlertRule(
            name=f"Rule {number}",
            watches=kpi,
            condition=condition,
            limit=LIMITS[condition],
            window_days=window,
            **fields,
        )
