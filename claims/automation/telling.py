"""Tells people by e-mail what their rules found: a link to each claim, and no word about it.

The first is told at once; what comes within the next five minutes is one more e-mail, however much it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User

from ..models import AutomationRule, AutomationRun, Claim
from .matching import RuleBroken, ready

PAUSE = timedelta(minutes=5)
MOST_LINKS = 20
MOST_AT_ONCE = 5_000  # claims of one e-mail


def tell_waiting(now: datetime) -> None:
    for pk in (
        AutomationRun.objects.filter(is_to_tell=True).order_by().values_list("rule", flat=True).distinct()
    ):
        _tell(pk, now)


@transaction.atomic
def _tell(pk: int, now: datetime) -> None:
    """The rule is held, so that nobody else tells the same; whoever comes second looks again later."""
    held = AutomationRule.objects.select_for_update(skip_locked=True, of=("self",)).select_related("made_by")
    rule = held.filter(pk=pk).first()
    if rule is None or (rule.told_at and now - rule.told_at < PAUSE):
        return
    runs = dict(
        AutomationRun.objects.filter(rule=pk, is_to_tell=True)
        .order_by("pk")
        .values_list("pk", "claim_id")[:MOST_AT_ONCE]
    )
    for person in _people(rule):
        _write(rule, person, list(set(runs.values())))
    AutomationRun.objects.filter(pk__in=runs).update(is_to_tell=False)
    rule.told_at = now
    rule.save(update_fields=["told_at"])


def _people(rule: AutomationRule) -> Sequence[User]:
    try:
        asked = ready(rule).deeds.cleaned_data["tell"]
    except RuleBroken:
        return []
    return list(User.objects.active().filter(pk__in=asked).order_by("pk"))


def _write(rule: AutomationRule, person: User, ids: list[UUID]) -> None:
    """Of these claims those that the person sees; no e-mail where that is none."""
    seen = Claim.objects.visible_to(person).filter(pk__in=ids).order_by("number")
    count = seen.count()
    if not count:
        return
    claims = [(str(claim), _address(claim)) for claim in seen.only("number")[:MOST_LINKS]]
    words = {
        "rule": rule.name,
        "claims": claims,
        "count": count,
        "more": count - len(claims),
        "link": claims[0][1],
        "site_name": settings.SITE_NAME,
    }
    mail = EmailMultiAlternatives(
        subject=render_to_string("emails/automation.subject.txt", words).strip(),
        body=render_to_string("emails/automation.txt", words),
        to=[person.email],
    )
    mail.attach_alternative(render_to_string("emails/automation.html", words), "text/html")
    mail.send()


def _address(claim: Claim) -> str:
    return settings.SITE_URL + reverse("claim", args=[claim.pk])
