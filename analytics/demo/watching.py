"""What the demo's director and manager have watched, beside the rules that come with the site."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from accounts.demo import people_by_role
from accounts.models import Department, User

from ..alerts.rules import save_rule
from ..models import AlertRule


@dataclass(frozen=True)
class Wish:
    """A rule that somebody made for themselves."""

    role: str
    asks: dict[str, Any]
    department: str = ""
    escalates_to: tuple[str, ...] = field(default=())  # roles


WISHES = [
    Wish(
        "director",
        {
            "name": "A payer denies more than one claim in ten",
            "watches": "denial_rate",
            "each": "payer",
            "condition": "above",
            "limit": Decimal(10),
            "clears_at": Decimal(9),
            "severity": "critical",
            "runbook": "Open what is behind it and split it by reason. One new reason: ask the payer's "
            "representative what changed, and hold what is like it back. Many reasons: look at the coding.",
            "escalates_after": 24 * 60,
        },
        escalates_to=("manager",),
    ),
    Wish(
        "director",
        {
            "name": "Payments fall",
            "watches": "cash_collected",
            "condition": "falls",
            "limit": Decimal(10),
            "change_in": "percent",
            "window_days": 28,
            "every": 1440,
        },
    ),
    Wish(
        "manager",
        {
            "name": "Imaging is denied too often",
            "watches": "denial_rate",
            "condition": "above",
            "limit": Decimal(9),
            "runbook": "Is an authorisation missing? Then ask the front desk before the next visits.",
        },
        department="Imaging",
    ),
    Wish(
        "manager",
        {
            "name": "Old receivables of a department",
            "watches": "aged_ar_over_90",
            "each": "department",
            "condition": "at_least",
            "limit": Decimal(12),
            "minimum_n": 10,
            "severity": "low",
            "every": 1440,
        },
    ),
]


def watch() -> None:
    """They are looked at first when the site starts."""
    people = people_by_role()
    for wish in WISHES:
        if wish.role in people:
            _make(wish, people)


def _make(wish: Wish, people: dict[str, User]) -> None:
    department = Department.objects.get(name=wish.department) if wish.department else None
    maker = people[wish.role]
    save_rule(
        AlertRule(department=department, **wish.asks),
        actor=maker,
        people=[maker],
        escalates_to=[people[role] for role in wish.escalates_to],
    )
