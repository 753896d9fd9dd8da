"""Who has a claim in hand, so that nobody else is given it: for a while, and longer if they act on it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User

from ..models import Claim, OpenWork

HOLD = timedelta(minutes=20)


def hold(work: OpenWork, user: User, now: datetime) -> None:
    """Whoever holds it has locked its row."""
    work.held_by, work.held_until, work.passed_by, work.passed_at = user, now + HOLD, None, None
    work.save(update_fields=["held_by", "held_until", "passed_by", "passed_at"])


def let_go(user: User, now: datetime) -> None:
    """What they had comes back to everybody, and to themselves when nothing else is left today."""
    held = OpenWork.objects.filter(held_by=user)
    held.update(held_by=None, held_until=None, passed_by=user, passed_at=now)


def renew(claim: Claim, user: User, now: datetime | None = None) -> None:
    """Whoever does something about a claim that they have keeps it for longer."""
    now = now or timezone.now()
    OpenWork.objects.filter(pk=claim.pk, held_by=user).update(held_until=now + HOLD)
