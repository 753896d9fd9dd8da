"""Encrypted columns: unreadable in the database, found by their exact value, and movable to new keys."""

from typing import Any

import pytest
from cryptography.fernet import InvalidToken
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from accounts.models import AuditEntry
from claims.fields import blind_index, decrypt
from claims.models import Assessment, Patient
from rcm_site.testing.makers import make_user

pytestmark = pytest.mark.django_db
CANARY = "Zyx-Canary-4711"


def make_assessment(patient_id: str = CANARY, symptoms: str = f"fever {CANARY}") -> Assessment:
    return Assessment.objects.create(
        patient=Patient.objects.create(patient_id=patient_id),
        symptoms=symptoms,
        input_hash="0" * 64,
        assessor="rules",
        version="1",
        conclusion="Low acuity",
        risk_score="0.20",
        trace="[]",
        asked_by=make_user(),
    )


def stored(table: str, column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} ORDER BY id")
        return [value for (value,) in cursor.fetchall()]


def test_what_was_written_comes_back_and_is_unreadable_in_the_database() -> None:
    assessment = make_assessment()
    assessment.refresh_from_db()
    assert assessment.symptoms == f"fever {CANARY}"
    assert assessment.patient.patient_id == CANARY
    for table, column in [("claims_patient", "patient_id"), ("claims_assessment", "symptoms")]:
        assert CANARY not in stored(table, column)[0]


def test_nothing_stays_nothing() -> None:
    make_assessment(symptoms="")
    assert stored("claims_assessment", "symptoms") == [""]
    assert Assessment.objects.get().symptoms == ""


def test_equal_texts_are_stored_differently_and_still_found() -> None:
    make_assessment("P-1", "cough")
    make_assessment("P-2", "cough")
    first, second = stored("claims_assessment", "symptoms")
    assert first != second
    assert Patient.objects.known_as("P-2").get().patient_id == "P-2"
    assert not Patient.objects.known_as("p-2").exists()
    assert not Patient.objects.known_as("P-").exists()


def test_the_database_keeps_an_id_unique_though_it_cannot_read_it() -> None:
    Patient.objects.create(patient_id="P-1")
    with pytest.raises(IntegrityError), transaction.atomic():
        Patient.objects.bulk_create([Patient(patient_id="P-1")])


def test_comparing_ciphertext_is_refused_instead_of_finding_nothing() -> None:
    with pytest.raises(FieldError, match="blind index"):
        Patient.objects.filter(patient_id="P-1").exists()


def test_an_index_of_one_purpose_says_nothing_about_another() -> None:
    assert blind_index("P-1", "patient_id") != blind_index("P-1", "member_id")


def test_keys_rotate_without_loss(settings: Any) -> None:
    settings.PHI_KEYS = ["the old key" * 3]
    assessment = make_assessment()
    make_assessment("P-2", "")
    old = stored("claims_assessment", "symptoms")[0]
    settings.PHI_KEYS = ["the new key" * 3, "the old key" * 3]
    assert Patient.objects.known_as(CANARY).get().patient_id == CANARY
    call_command("rotate_keys", verbosity=0)
    settings.PHI_KEYS = ["the new key" * 3]
    assert Assessment.objects.get(pk=assessment.pk).symptoms == f"fever {CANARY}"
    assert Patient.objects.known_as(CANARY).get().patient_id == CANARY
    with pytest.raises(InvalidToken):
        decrypt(old)
    assert AuditEntry.objects.get(action="phi.keys_rotated").details == {"values": 5}
