"""Encrypted columns: unreadable in the database, found by their exact value, and movable to new keys."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from accounts.models import AuditEntry
from claims.fields import EARLIER, blind_index, decrypt, decrypt_bytes, encrypt, encrypt_bytes, rotate_bytes
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
    with pytest.raises(InvalidTag):
        decrypt(old)
    assert AuditEntry.objects.get(action="phi.keys_rotated").details == {"values": 5}


def earlier(text: str, key: str) -> str:
    """As it was kept before: under Fernet."""
    return Fernet(urlsafe_b64encode(sha256(key.encode()).digest())).encrypt(text.encode()).decode()


def test_what_was_kept_in_the_earlier_way_is_read_and_rotates_to_the_newer_one(settings: Any) -> None:
    key = settings.PHI_KEYS[0]
    patient = Patient.objects.create(patient_id="P-1", birth_date="1970-01-31")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE claims_patient SET birth_date = %s", [earlier("1970-01-31", key)])
    piece = earlier("a file", key).encode()
    assert Patient.objects.get(pk=patient.pk).birth_date == "1970-01-31"
    assert decrypt_bytes(piece) == b"a file"
    assert decrypt_bytes(rotate_bytes(piece)) == b"a file"
    call_command("rotate_keys", verbosity=0)
    assert not stored("claims_patient", "birth_date")[0].startswith(EARLIER)
    assert Patient.objects.get(pk=patient.pk).birth_date == "1970-01-31"


@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_what_somebody_changed_in_the_database_is_not_read(place: int) -> None:
    sealed = bytearray(encrypt_bytes(b"chest pain"))
    sealed[place] ^= 1
    with pytest.raises((InvalidTag, InvalidToken)):
        decrypt_bytes(bytes(sealed))


def test_a_value_encrypted_twice_does_not_show_that_it_is_the_same() -> None:
    assert encrypt("Ann") != encrypt("Ann")
