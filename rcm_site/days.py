"""Days as the site's own time zone has them."""

from __future__ import annotations

from datetime import date, datetime, time

from django.core.exceptions import ValidationError
from django.utils import timezone


def midnight(day: date) -> datetime:
    """The moment at which a day begins."""
    return timezone.make_aware(datetime.combine(day, time.min))


def not_to_come(day: date) -> None:
    """Refuse, in forms and in the API, a day on which something cannot have happened yet."""
    if day > timezone.localdate():
        raise ValidationError("This day is still to come.")
