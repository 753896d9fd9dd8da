"""A copy of production that was anonymised: whoever was in it is nowhere to be found, and all sums stay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from accounts import audit
from accounts.models import AuditEntry, User
from claims.fields import EncryptedField
from claims.models import Assessment, Claim, ClaimEvent, Coverage, Import, ImportBlock, Patient
from rcm_site.models import Mail
from rcm_site.testing.makers import make_claim, make_import, make_patient, make_payment, make_user

CANARY, BORN = "kestrelson", date(1931, 7, 4)
SURELY = "--i-know-this-destroys-data"

pytestmark = pytest.mark.django_db


@pytest.fixture
def production() -> Claim:
    """Everything that can name somebody does."""
    actor = make_user("biller", name=f"Ann {CANARY}", email=f"{CANARY}@clinic.example")
    patient = make_patient(name=f"{CANARY}, Q", patient_id=f"{CANARY}-1", birth_date=str(BORN))
    Coverage.objects.create(plan_group="G1", subscriber=f"{CANARY}-2", patient=patient)
    claim = make_claim(patient=patient, control_number=f"{CANARY}-3", authorization=f"{CANARY}-4")
    make_payment(claim=claim, control_number=f"{CANARY}-3", payer_claim_number=f"{CANARY}-5")
    ClaimEvent.objects.create(claim=claim, actor=actor, action=f"called {CANARY}", note=f"{CANARY} says no")
    source = make_import(actor, name=f"{CANARY}.csv")
    ImportBlock.objects.create(source=source, number=1, content=CANARY.encode())
    Assessment.objects.create(
        patient=patient,
        asked_by=actor,
        symptoms=CANARY,
        trace=CANARY,
        input_hash=CANARY,
        assessor="rules",
        version="1",
        conclusion="none",
        risk_score=Decimal("0.1"),
    )
    audit.record(actor, "claim.viewed", claim, note=CANARY)
    return claim


def everything() -> str:
    """All that the database holds, and all that can be decrypted of it."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                found += [bytes(each) if isinstance(each, memoryview) else each for each in row]
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedField):
                found += model._default_manager.values_list(field.name, flat=True)
    return "\n".join(map(str, found)).casefold()


def test_nobody_is_found_any_more(production: Claim) -> None:
    assert everything().count(CANARY) > 12
    call_command("anonymize", SURELY)
    assert CANARY not in everything()


def test_births_are_shifted_and_numbers_stay_together(production: Claim) -> None:
    call_command("anonymize", SURELY)
    patient = Patient.objects.get()
    assert 0 < abs((date.fromisoformat(patient.birth_date) - BORN).days) <= 182
    assert Patient.objects.found_by(patient.name).get() == patient
    claim = Claim.objects.get(pk=production.pk)
    assert claim.control_number
    assert set(claim.payments.values_list("control_number", flat=True)) == {claim.control_number}
    assert set(claim.events.values_list("note", flat=True)) <= {"removed", ""}


def test_sums_and_days_stay(production: Claim) -> None:
    before = _sums()
    call_command("anonymize", SURELY)
    assert _sums() == before


def _sums() -> Any:
    columns = (
        "pk",
        "status",
        "submitted_on",
        "decided_on",
        "charge",
        "paid",
        "balance",
        "payer",
        "department",
    )
    return list(Claim.objects.order_by("pk").values_list(*columns)), Claim.objects.aggregate(
        Sum("lines__charge")
    )


def test_nobody_signs_in_and_no_trail_is_left_but_of_this(production: Claim) -> None:
    call_command("anonymize", SURELY)
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["database.anonymized"]
    assert not Mail.objects.exists()
    assert not ImportBlock.objects.exists()
    assert not Import.objects.filter(name__contains=".csv").exists()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all().delete()


def test_nothing_happens_unless_it_is_meant(production: Claim, settings: Any) -> None:
    with pytest.raises(CommandError, match=SURELY):
        call_command("anonymize")
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="Never in production"):
        call_command("anonymize", SURELY)
    assert CANARY in Patient.objects.get().name
