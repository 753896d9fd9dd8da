"""Seeding the demo: the same for the same seed and day, once, and never among real people."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts import demo
from accounts.models import AuditEntry, Department, User
from analytics.demo import nights, seeding
from analytics.facts.verification import differences
from analytics.known_then import known_now, known_then
from analytics.kpis import KPIS
from analytics.models import ChangedClaim, DirtyDay
from analytics.periods import DAY, Period
from analytics.scopes import Scope
from claims.models import (
    Appeal,
    Claim,
    ClaimEvent,
    ClaimLine,
    OpenWork,
    OutboxMessage,
    Patient,
    Remittance,
)
from claims.models.claims import CREDIT, OWED, UNDERPAID

TODAY = date(2026, 11, 21)

pytestmark = pytest.mark.django_db


def _story() -> list[Any]:
    """All that happened, without the numbers that a database gives."""
    names = ("payer__name", "provider__npi", "department__name", "patient__pk", "assignee__email")
    fields = ("id", "status", "kind", *names, "submitted_on", "decided_on", "charge", "paid", "adjusted")
    first = Patient.objects.order_by("pk").values_list("pk", flat=True)[0]
    claims = [
        (*row[:6], row[6] - first, *row[7:]) for row in Claim.objects.order_by("number").values_list(*fields)
    ]
    lines = ClaimLine.objects.order_by("pk").values_list("claim", "procedure", "units", "charge", "net_fee")
    events = ClaimEvent.objects.order_by("pk").values_list(
        "claim", "at__date", "action", "actor__email", "is_error"
    )
    messages = OutboxMessage.objects.order_by("pk").values_list("pk", "claim", "net_fee", "shares")
    patients = [(each.name, each.birth_date, each.patient_id) for each in Patient.objects.order_by("pk")]
    remittances = Remittance.objects.order_by("pk").values_list("payer__name", "trace_number", "amount")
    return [claims, list(lines), list(events), list(messages), patients, list(remittances)]


def _seeded(seed: int, today: date) -> list[Any]:
    with transaction.atomic():
        demo.seed()
        seeding.seed(claims=120, months=3, seed=seed, today=today)
        story = _story()
        transaction.set_rollback(True)
    return story


def test_the_same_seed_and_day_tell_the_same_story() -> None:
    story = _seeded(1, TODAY)
    assert _seeded(1, TODAY) == story
    assert _seeded(2, TODAY) != story


@pytest.mark.served
def test_a_process_of_its_own_tells_the_same_story(monkeypatch: pytest.MonkeyPatch) -> None:
    story = _seeded(1, TODAY)
    monkeypatch.setattr(seeding, "CLAIMS_A_BATCH", 25)
    assert _seeded(1, TODAY) == story


def test_claims_are_made_once_and_only_for_the_demos_people(tmp_path: Path) -> None:
    call_command("seed_demo", claims=30, months=2, truth=tmp_path / "truth.json", verbosity=0)
    assert Claim.objects.count() == 30
    assert AuditEntry.objects.filter(action="demo.claims_seeded").count() == 1
    with pytest.raises(CommandError, match="has claims already"):
        call_command("seed_demo", claims=30, verbosity=0)
    call_command("seed_demo", verbosity=0)  # as each start does
    assert Claim.objects.count() == 30


@pytest.mark.django_db(transaction=True)
def test_all_is_kept_as_the_claims_say_when_the_command_ends() -> None:
    call_command("seed_demo", claims=80, months=3, verbosity=0)
    assert not DirtyDay.objects.exists()
    assert not ChangedClaim.objects.exists()
    assert not list(differences())
    assert set(OpenWork.objects.values_list("pk", flat=True)) == set(
        Claim.objects.filter(OWED | UNDERPAID | CREDIT).values_list("pk", flat=True)
    )
    appealed = ClaimEvent.objects.filter(to_status="appealed").exclude(from_status="appealed")
    assert set(Appeal.objects.values_list("event", flat=True)) == set(appealed.values_list("pk", flat=True))


def test_past_sundays_are_written_down_as_they_were_known_that_night() -> None:
    demo.seed()
    seeding.seed(claims=120, months=3, seed=1, today=TODAY)
    nights.write_down(TODAY)
    decided, submitted = KPIS["denial_rate"], KPIS["claims_submitted"]
    everything = Scope(None, today=TODAY)
    then = known_then(decided, everything, Period(date(2026, 8, 1), TODAY))
    assert [each.day for each in then] == [date(2026, 11, 15) - weeks * 7 * DAY for weeks in range(4, -1, -1)]
    assert not any(each.is_late for each in then)
    now = known_now(decided, everything, [each.window for each in then])
    assert sum(each.figure.n for each in then) < sum(each.n for each in now)
    sent = known_then(submitted, everything, [each.day for each in then])
    assert [each.figure.value for each in sent] == [
        each.value for each in known_now(submitted, everything, [each.window for each in then])
    ]


def test_a_site_with_people_of_its_own_is_left_alone() -> None:
    User.objects.create_user("ana@clinic.example", name="Ana")
    with pytest.raises(CommandError, match="people of its own"):
        call_command("seed_demo", claims=30, verbosity=0)
    call_command("seed_demo", verbosity=0)
    assert not Claim.objects.exists()
    assert not Department.objects.exists()
