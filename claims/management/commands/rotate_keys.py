"""`manage.py rotate_keys`: put every encrypted column and kept file under the newest of PHI_KEYS."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from accounts import audit
from claims.fields import EncryptedField, rotate, rotate_bytes

BATCH = 1_000


class Command(BaseCommand):
    help = "Encrypt all patients' data anew with the first of PHI_KEYS; after it the older keys can go."

    def handle(self, *args: Any, **options: Any) -> None:
        rotated = 0
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, EncryptedField):
                    count = rotate_column(model, field)
                    rotated += count
                    self.stdout.write(f"{model._meta.label}.{field.name}: {count:,} values")
                if isinstance(field, models.BinaryField):
                    rotated += rotate_pieces(model, field)
        audit.record("rotate_keys", "phi.keys_rotated", values=rotated)


def rotate_column(model: type[models.Model], field: EncryptedField) -> int:
    """A thousand rows at a time, which nobody else changes meanwhile: row by row it would take hours."""
    objects = model._default_manager
    rows = objects.annotate(stored=Cast(field.name, TextField())).exclude(stored="").order_by("pk")
    rotated, after = 0, None
    while True:
        with transaction.atomic():
            held = rows.filter(**({"pk__gt": after} if after else {})).select_for_update(of=("self",))
            batch = list(held.values_list("pk", "stored")[:BATCH])
            if not batch:
                return rotated
            sealed = [(pk, Sealed(rotate(stored))) for pk, stored in batch if stored]
            changed = [model(**{"pk": pk, field.attname: value}) for pk, value in sealed]
            rotated += objects.bulk_update(changed, [field.name])
        after = batch[-1][0]


def rotate_pieces(model: type[models.Model], field: models.BinaryField) -> int:
    """The pieces of files that were sent or taken out: they are never changed, only forgotten in time."""
    pieces = model._default_manager.order_by("pk")
    rotated = 0
    for pk in pieces.values_list("pk", flat=True).iterator():
        for content in pieces.filter(pk=pk).values_list(field.name, flat=True):
            rotated += pieces.filter(pk=pk).update(**{field.name: rotate_bytes(bytes(content))})
    return rotated


class Sealed(models.Value):
    """A value that is ciphertext already."""

    def __init__(self, stored: str) -> None:
        super().__init__(stored, output_field=TextField())
