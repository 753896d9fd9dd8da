"""Which changes a rule is about: the same for those that just happened and for those of the last 30 days.

A rule's maker sees every claim that it touches. What its status was to be is asked of the change itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from ..models import AutomationRule, Claim, ClaimEvent
from ..models.claims import OPEN, ClaimQuerySet
from ..pages.filters import ClaimFilter
from .deeds import Deeds
from .happenings import CHANGES, any_of

EDIT = "claims.change_worklist"
TRIED_DAYS = 30
MOST_TRIED = 10_000  # changes; more are not counted out
SAMPLE = 10


class RuleBroken(Exception):
    """Why a rule cannot act, in words for whoever made it."""


@dataclass(frozen=True)
class Ready:
    """A rule whose words still make sense."""

    rule: AutomationRule
    asked: ClaimFilter
    deeds: Deeds


def ready(rule: AutomationRule) -> Ready:
    maker = rule.made_by
    if not (maker.is_active and maker.has_perm(EDIT)):
        raise RuleBroken(f"{maker.name}, for whom it acts, may not change worklists any more.")
    if unknown := [key for key in rule.on if key not in CHANGES]:
        raise RuleBroken(f"It waits for something that nobody knows: {', '.join(unknown)}.")
    asked, deeds = ClaimFilter(rule.filters, maker), Deeds.kept(maker, rule.then)
    for form in (asked, deeds):
        if not form.is_valid():
            field, (first, *_) = next(iter(form.errors.items()))
            label = form.fields[field].label or field.capitalize() if field in form.fields else "It"
            raise RuleBroken(f"{label}: {first}")
    return Ready(rule, asked, deeds)


def claims_of(found: Ready) -> ClaimQuerySet:
    """The claims that stand as the rule wants them."""
    return found.asked.narrow(Claim.objects.visible_to(found.rule.made_by))


def matched(found: Ready, ids: Collection[int]) -> list[tuple[int, UUID]]:
    """Of these events, those that the rule is about, each with its claim."""
    events = _events(found).filter(pk__in=ids, claim__in=claims_of(found).order_by().values("pk"))
    if found.rule.active_since:
        events = events.filter(at__gte=found.rule.active_since)
    return list(events.order_by().values_list("pk", "claim_id"))


def _events(found: Ready) -> QuerySet[ClaimEvent]:
    """What happened as the rule waits for it, whatever claim it was; no rule's own doing."""
    happened = ClaimEvent.objects.filter(any_of(found.rule.on), rule=None)
    status = found.asked.cleaned_data["status"]
    return happened.filter(_became(status)) if status else happened


def _became(status: str) -> Q:
    return Q(to_status__in=OPEN) if status == "open" else Q(to_status=status)


# What it would have done ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tried:
    """What the last 30 days would have come to, their claims taken as they stand now."""

    changes: int
    claims: int
    sample: list[str]  # ids of claims, the newest change first
    is_more: bool  # than were counted

    def words(self) -> dict[str, Any]:
        return {
            "changes": self.changes,
            "claims": self.claims,
            "sample": self.sample,
            "is_more": self.is_more,
        }


def try_out(rule: AutomationRule, now: datetime) -> Tried:
    """Look at the history and change nothing."""
    found = ready(rule)
    rest = {name: word for name, word in rule.filters.items() if name != "status"}
    claims = ClaimFilter(rest, rule.made_by).narrow(Claim.objects.visible_to(rule.made_by))
    happened = _events(found).filter(at__gte=now - timedelta(days=TRIED_DAYS), at__lte=now)
    happened = happened.filter(claim__in=claims.order_by().values("pk")).order_by("-at", "-pk")
    ids = list(happened.values_list("claim_id", flat=True)[: MOST_TRIED + 1])
    counted = ids[:MOST_TRIED]
    distinct = list(dict.fromkeys(counted))
    return Tried(len(counted), len(distinct), list(map(str, distinct[:SAMPLE])), len(ids) > MOST_TRIED)


def usable(rules: Iterable[AutomationRule]) -> tuple[list[Ready], dict[int, str]]:
    """Those that can act, and why the others cannot."""
    good, broken = [], {}
    for rule in rules:
        try:
            good.append(ready(rule))
        except RuleBroken as why:
            broken[rule.pk] = str(why)
    return good, broken
