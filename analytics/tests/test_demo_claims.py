"""The demo's claims: sound by every rule of the models, and with something to discover."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import demo
from accounts.models import User
from analytics.demo import seeding
from analytics.demo.payers import INCIDENT, PAYERS
from analytics.demo.reporting import REPORTS
from analytics.facts.measures import is_contractual
from analytics.models import Report, Schedule
from analytics.reports import answering, asking, drawing
from claims import deadlines
from claims.contracts import shortfalls
from claims.downstream import ledger
from claims.models import (
    AutomationRule,
    Claim,
    ClaimEvent,
    ClaimLine,
    ClaimPayment,
    Expectation,
    Import,
    LedgerEntry,
    OutboxMessage,
    Patient,
    Provider,
    Remittance,
    ServicePayment,
    Shortfall,
)
from claims.models.claims import OPEN
from claims.money import MoneyField
from claims.provider_fees import miscounted
from rcm_site.days import midnight

TODAY = date(2026, 11, 21)
CLAIMS, MONTHS = 1_500, 4
Status = Claim.Status

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def truth(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[dict[str, Any]]:
    """Claims that all these tests look at, and by what they were made."""
    file = tmp_path_factory.mktemp("demo") / "truth.json"
    with django_db_blocker.unblock():
        within = transaction.atomic()
        within.__enter__()
        demo.seed()
        seeding.seed(claims=CLAIMS, months=MONTHS, seed=7, today=TODAY, truth_file=file)
    yield json.loads(file.read_text())
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        within.__exit__(None, None, None)


def added_up(amount: str, where: Q | None = None) -> Coalesce:
    return Coalesce(Sum(amount, filter=where), 0, output_field=MoneyField())


def test_there_is_one_of_everything(truth: dict[str, Any]) -> None:
    claims = Claim.objects.all()
    assert claims.count() == CLAIMS
    assert set(claims.values_list("status", flat=True)) == set(Status.values)
    assert set(claims.values_list("kind", flat=True)) == set(Claim.Kind.values)
    assert set(claims.values_list("at_intake", flat=True)) == set(Claim.AtIntake.values)
    assert set(claims.values_list("payer__name", flat=True)) == {payer.name for payer in PAYERS}
    assert set(claims.values_list("department__name", flat=True)) == set(demo.DEPARTMENTS)
    assert set(claims.values_list("denial_category", flat=True)) >= set(Claim.Category.values) - {"other"}
    assert Provider.objects.count() == 120
    assert Provider.objects.filter(lines__isnull=False).distinct().count() > 100
    assert claims.filter(frequency="7", original__isnull=False).exists()
    assert claims.filter(balance__lt=0).exists()
    assert ClaimPayment.objects.filter(payer_status="22").exists()
    workers = User.objects.filter(role__in=("biller", "coder", "ar_agent"))
    assert not workers.exclude(pk__in=ClaimEvent.objects.values("actor")).exists()


def test_sums_of_claims_are_those_of_what_payers_answered(truth: dict[str, Any]) -> None:
    posted = Q(payments__state="posted")
    for claim in Claim.objects.annotate(
        in_payments=added_up("payments__paid", posted),
        shares=added_up("payments__patient_share", posted),
    ):
        assert claim.paid == claim.in_payments
        assert claim.patient_share == claim.shares
    contractual = added_up("adjustments__amount", _contractual())
    assert not Claim.objects.annotate(taken_off=contractual).exclude(adjusted=F("taken_off")).exists()
    assert not Claim.objects.annotate(lines_sum=Sum("lines__charge")).exclude(charge=F("lines_sum")).exists()


def _contractual() -> Q:
    condition = is_contractual("")
    return Q(
        *[(f"adjustments__{child[0]}", child[1]) for child in condition.children if isinstance(child, tuple)]
    )


def test_every_payment_and_remittance_balances(truth: dict[str, Any]) -> None:
    payments = ClaimPayment.objects.annotate(off=added_up("adjustments__amount"))
    assert payments.exists()
    assert not payments.exclude(charge=F("off") + F("paid")).exists()
    services = ServicePayment.objects.annotate(off=added_up("adjustments__amount"))
    assert not services.exclude(charge=F("off") + F("paid")).exists()
    sums = ClaimPayment.objects.annotate(
        lines_paid=Sum("services__paid"), lines_charge=Sum("services__charge")
    )
    assert not sums.exclude(paid=F("lines_paid"), charge=F("lines_charge")).exists()
    remittances = Remittance.objects.annotate(sum=Sum("claim_payments__paid"))
    assert not remittances.exclude(claims_paid=F("sum"), imbalance=0).exists()
    assert not ClaimPayment.objects.exclude(claim__payer=F("remittance__payer")).exists()
    assert not ClaimPayment.objects.exclude(paid_on=F("remittance__paid_on")).exists()
    assert not ServicePayment.objects.exclude(line__claim=F("payment__claim")).exists()


def test_every_history_leads_to_how_its_claim_stands(truth: dict[str, Any]) -> None:
    for claim in Claim.objects.prefetch_related("events"):
        events = list(claim.events.all())
        changes = [each for each in events if each.to_status]
        assert (events[0].action, changes[-1].to_status) == ("received", claim.status)
        assert all(later.from_status == earlier.to_status for earlier, later in pairwise(changes))
        assert sorted(each.at for each in events) == [each.at for each in events]
        assert events[0].at == claim.received_at
        first = [each.to_status for each in changes if each.from_status in ("submitted", "pending")]
        if claim.first_decision:
            assert claim.first_decision in first
        assert (claim.status == Status.WRITTEN_OFF) == (claim.written_off > 0)


def test_days_are_in_order_and_none_is_to_come(truth: dict[str, Any]) -> None:
    claims = Claim.objects.all()
    assert not claims.filter(service_from__gt=F("submitted_on")).exists()
    assert not claims.filter(submitted_on__gt=F("first_decided_on")).exists()
    assert not claims.filter(first_decided_on__gt=F("decided_on")).exists()
    assert not claims.filter(decided_on__gte=TODAY).exists()
    assert not claims.filter(received_at__gte=midnight(TODAY)).exists()
    assert not claims.exclude(submitted_on=F("received_at__date")).exists()
    assert not ClaimEvent.objects.filter(at__gte=midnight(TODAY)).exists()
    assert not ClaimPayment.objects.filter(paid_on__gte=TODAY).exists()
    assert not Import.objects.filter(sent_at__gte=midnight(TODAY)).exists()
    assert not claims.filter(original__submitted_on__gt=F("submitted_on")).exists()


def test_values_are_those_that_the_models_allow(truth: dict[str, Any]) -> None:
    for claim in Claim.objects.order_by("received_at")[::50]:
        claim.full_clean(validate_unique=False)
        for line in claim.lines.all():
            line.full_clean(exclude=["claim"], validate_unique=False)


def test_older_claims_are_less_often_open(truth: dict[str, Any]) -> None:
    days = Claim.objects.dates("submitted_on", "day")
    middle = days[len(days) // 2]
    shares = [
        rows.filter(status__in=OPEN).count() / rows.count()
        for rows in (
            Claim.objects.filter(submitted_on__lt=middle),
            Claim.objects.filter(submitted_on__gte=middle),
        )
    ]
    assert shares[0] < 0.1 < shares[1]


def test_every_lead_has_claims_to_file_again_soon_and_rules_to_try(truth: dict[str, Any]) -> None:
    for lead in User.objects.filter(role="manager"):
        soon = Claim.objects.visible_to(lead).filter(deadlines.chosen("filing-30", TODAY))
        assert soon.exists(), lead.name
    assert AutomationRule.objects.filter(is_active=False, tried_at__isnull=False).count() == 2


def test_the_payments_side_holds_what_claims_owe(truth: dict[str, Any]) -> None:
    assert OutboxMessage.objects.filter(reason="voided").exists()
    assert OutboxMessage.objects.exclude(state="delivered").count() == 0
    assert LedgerEntry.objects.count() == OutboxMessage.objects.count()
    proof = ledger.verify()
    living = ClaimLine.objects.exclude(claim__status="void")
    owed = living.aggregate(owed=Sum("net_fee"))["owed"]
    assert proof.holds
    assert proof.total.booked == owed > 0
    assert miscounted() == {}


def test_shortfalls_are_those_that_the_site_finds_itself(truth: dict[str, Any]) -> None:
    assert Expectation.objects.filter(amount=F("claim__expected"), stated=None).count() == CLAIMS
    made = _shortfalls()
    assert {row[4] for row in made} == {"below", "denied", "law"}
    shortfalls.split(Claim.objects.values_list("pk", flat=True))
    assert _shortfalls() == made


def _shortfalls() -> list[Any]:
    columns = ("claim", "line", "procedure", "modifiers", "cause", "expected", "amount")
    return list(Shortfall.objects.order_by("claim", "line", "id").values_list(*columns))


def test_files_say_what_they_brought(truth: dict[str, Any]) -> None:
    brought = Import.objects.aggregate(Sum("claims_stored"), Sum("lines_stored"), Sum("payments_stored"))
    assert list(brought.values()) == [CLAIMS, ClaimLine.objects.count(), ClaimPayment.objects.count()]
    assert not Import.objects.annotate(held=Count("claims")).exclude(claims_stored=F("held")).exists()


def test_patients_are_encrypted_and_seen_by_their_departments(truth: dict[str, Any]) -> None:
    patient = Patient.objects.first()
    assert patient is not None
    assert ", " in patient.name
    assert Patient.objects.found_by(patient.name).exists()
    assert not Claim.objects.exclude(patient__departments=F("department")).exists()


def test_the_incident_shows_in_the_numbers(truth: dict[str, Any]) -> None:
    since = truth["incident"]["decided_from"]
    its_kind = Claim.objects.filter(
        lines__number=1, lines__procedure=INCIDENT.procedure, first_decision__gt=""
    )
    concerned = its_kind.filter(payer__name=INCIDENT.payer)
    others = its_kind.exclude(payer__name=INCIDENT.payer)
    assert _denied(concerned.filter(first_decided_on__gte=since)) > 0.4
    assert _denied(concerned.filter(first_decided_on__lt=since)) < 0.25
    assert _denied(others.filter(first_decided_on__gte=since)) < 0.25


def _denied(claims: Any) -> float:
    return claims.filter(first_decision="denied").count() / claims.count()


def test_claims_were_denied_as_often_as_the_truth_says(truth: dict[str, Any]) -> None:
    base = {(row["payer"], row["procedure"], row["month"]): row["probability"] for row in truth["base"]}
    expected = variance = 0.0
    denied = 0
    decided = Claim.objects.filter(lines__number=1, first_decision__gt="", frequency="1").exclude(
        adjustments__reason="29"  # filed too late: denied always
    )
    for claim in decided.select_related("payer", "provider").annotate(main=F("lines__procedure")).distinct():
        chance = _probability(claim, base, truth)
        expected += chance
        variance += chance * (1 - chance)
        denied += claim.first_decision == "denied"
    assert abs(denied - expected) < 4 * variance**0.5
    assert expected > 50


def _probability(claim: Any, base: dict[Any, float], truth: dict[str, Any]) -> float:
    incident = truth["incident"]
    is_its_kind = (claim.payer.name, claim.main) == (incident["payer"], incident["procedure"])
    if is_its_kind and str(claim.first_decided_on) >= incident["decided_from"]:
        return incident["probability"]
    month = f"{claim.first_decided_on:%Y-%m}"
    chance = base[claim.payer.name, claim.main, month] * truth["factors_of_providers"][claim.provider.npi]
    if claim.main in truth["procedures_needing_authorisation"] and not claim.authorization:
        chance *= truth["factor_without_authorisation"]
    return min(truth["most"], chance)


def test_leads_keep_reports_that_have_answers_and_pictures(truth: dict[str, Any]) -> None:
    kept = Report.objects.select_related("owner")
    tables = [answering.rows(asking.read(each.asked, each.owner, TODAY)) for each in kept]
    assert len(tables) == len(REPORTS)
    assert all(table.rows for table in tables)
    drawn = [table for table in tables if table.asked.chart != "none"]
    assert len(drawn) == 3
    assert all(chart.drawings for table in drawn for chart in drawing.charts(table))
    assert Report.objects.visible_to(User.objects.get(role="analyst", name="Ines Novak")).count() == 1
    assert Schedule.objects.get().due_at > timezone.now()
