"""`manage.py createsuperuser`: Django's own, but the audit trail learns of it."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.db import transaction

from accounts import audit
from accounts.models import User


class Command(createsuperuser.Command):
    help = "Make an emergency superuser. Each of their requests will be written to the audit trail."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        known = set(User.objects.filter(is_superuser=True).values_list("pk", flat=True))
        super().handle(*args, **options)
        for user in User.objects.filter(is_superuser=True).exclude(pk__in=known):
            audit.record("createsuperuser", "superuser.added", user)
