"""Makes a copy of production fit for others to see: whoever was in it cannot be told from it any more.

What identifies a patient or a member of staff is overwritten or deleted, numbers by which outsiders know a
claim become digests of a key that is thrown away. Services, diagnoses, their days and all money stay as they
are, so whoever gets the copy must still be trusted not to look for people in it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from importlib import import_module
from random import SystemRandom
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models.functions import Cast

from accounts import audit
from accounts.models import AuditEntry, AuditSeal, User
from claims.fields import EncryptedField, blind_index
from claims.models import (
    Assessment,
    Claim,
    ClaimEvent,
    ClaimLine,
    ClaimPayment,
    Coverage,
    Import,
    Patient,
    ProviderAdjustment,
    ServicePayment,
)

from .demo.cast import FIRST_NAMES, LAST_NAMES

REMOVED = "removed"
_SHIFT_DAYS = 182
_AT_ONCE = 500
_chance = SystemRandom()

# By which payers and patients know a claim: the same number stays the same wherever it stands.
NUMBERS: dict[type[models.Model], tuple[str, ...]] = {
    Claim: ("control_number", "payer_claim_number", "original_number", "authorization"),
    ClaimLine: ("reference",),
    ClaimPayment: ("control_number", "payer_claim_number"),
    ServicePayment: ("reference",),
    ProviderAdjustment: ("reference",),
}
# Of no use in a copy, and full of addresses, answers or people's traces.
EMPTIED = (
    *(
        "analytics.Export",
        "claims.ImportBlock",
        "claims.Attachment",
        "claims.AppealLetter",
        "claims.CalendarFeed",
        "claims.IdempotencyKey",
        "rcm_site.Mail",
        "admin.LogEntry",
        "sessions.Session",
    ),
    *("account.EmailConfirmation", "account.EmailAddress", "axes.AccessFailureLog", "axes.AccessAttempt"),
    *("axes.AccessLog", "token_blacklist.BlacklistedToken", "token_blacklist.OutstandingToken"),
)


@transaction.atomic
def anonymise() -> dict[str, int]:
    """All of it or nothing; how many rows of each kind were changed."""
    changed = {
        "patients": _rewrite(Patient, ("patient_id", "name", "birth_date", "identity"), _disguise_patient),
        "coverages": _rewrite(Coverage, ("subscriber",), _disguise_member),
        "people": _rewrite(User, ("email", "name", "password"), _disguise_person),
        "files": _rewrite(Import, ("name", "digest"), _disguise_file),
        "notes": _remove_notes(),
        "numbers": _digest_numbers(),
    }
    # What staff's own lists call an action may name anybody.
    ClaimEvent.objects.filter(actor__isnull=False, from_status="", to_status="").update(action="worked on")
    for label in EMPTIED:
        apps.get_model(label)._default_manager.all().delete()
    _empty_audit_trail()
    audit.record("anonymize", "database.anonymized", rows=sum(changed.values()))
    return changed


def _rewrite(
    model: type[models.Model], fields: Sequence[str], disguise: Callable[[Any], None], where: Any = None
) -> int:
    count = 0
    for rows in _in_batches(model, fields, where):
        for row in rows:
            disguise(row)
        model._default_manager.bulk_update(rows, fields)
        count += len(rows)
    return count


def _in_batches(model: type[models.Model], fields: Sequence[str], where: Any) -> Iterator[list[Any]]:
    """By primary key, so that what is rewritten is not met again."""
    rows = model._default_manager.filter(where or models.Q()).only("pk", *fields).order_by("pk")
    batch = list(rows[:_AT_ONCE])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:_AT_ONCE])


def _disguise_patient(patient: Patient) -> None:
    if patient.patient_id:
        patient.patient_id = f"P{patient.pk:08d}"
    if patient.name:
        patient.name = f"{_chance.choice(LAST_NAMES)}, {_chance.choice(FIRST_NAMES)}"
    if patient.birth_date:
        shift = _chance.choice((-1, 1)) * _chance.randint(1, _SHIFT_DAYS)
        patient.birth_date = str(date.fromisoformat(patient.birth_date) + timedelta(days=shift))
    if patient.identity:
        patient.identity = blind_index(str(patient.pk), "anonymous")


def _disguise_member(coverage: Coverage) -> None:
    if coverage.subscriber:
        coverage.subscriber = f"M{coverage.pk:08d}"


def _disguise_person(user: User) -> None:
    user.email = f"person{user.pk}@anonymous.example"
    user.name = f"{_chance.choice(FIRST_NAMES)} {_chance.choice(LAST_NAMES)}"
    user.set_unusable_password()


def _disguise_file(source: Import) -> None:
    source.name, source.digest = f"file-{source.pk.hex[:12]}", secrets.token_hex(32)


def _remove_notes() -> int:
    """Every other encrypted column, also those that are still to come."""
    done = {(Patient, name) for name in ("patient_id", "name", "birth_date")} | {(Coverage, "subscriber")}
    count = 0
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedField) and (model, field.name) not in done:
                rows = model._default_manager.exclude(pk__in=_where_empty(model, field))
                count += rows.update(**{field.name: REMOVED})
    Assessment.objects.update(input_hash=REMOVED)  # of the symptoms, which are few enough to be guessed
    return count


def _where_empty(model: type[models.Model], field: models.Field[Any, Any]) -> Any:
    """Encrypted columns compare with nothing, so their text is looked at as such."""
    stored = Cast(field.name, models.TextField())
    return model._default_manager.alias(stored=stored).filter(stored="").values("pk")


def _digest_numbers() -> int:
    purpose = f"anonymous {secrets.token_hex(32)}"
    count = 0
    for model, fields in NUMBERS.items():

        def digest(row: Any, fields: Sequence[str] = fields) -> None:
            for field in fields:
                if value := getattr(row, field):
                    setattr(row, field, blind_index(value, purpose)[:16])

        is_named = models.Q()
        for field in fields:
            is_named |= ~models.Q(**{field: ""})
        count += _rewrite(model, fields, digest, is_named)
    return count


def _empty_audit_trail() -> None:
    """It tells who saw which patient. Its guards, which forbid this, are put up again."""
    guards = import_module("accounts.migrations.0002_append_only")
    tables = guards.TABLES
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table is altered while checks are waiting
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            triggers = _triggers_of(tables)
            for name in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
        AuditSeal.objects.all().delete()
        AuditEntry.objects.all().delete()
        if connection.vendor == "postgresql":
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        else:
            for sql in triggers.values():
                cursor.execute(sql)


def _triggers_of(tables: Sequence[str]) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        return {name: sql for name, sql, table in cursor.fetchall() if table in tables}
