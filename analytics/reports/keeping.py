"""Reports that people keep: saved, shared, pinned, copied and deleted, each written into the audit trail."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.roles import ROLES

from ..models import Report
from .asking import read

MOST_PINS = 3  # on one person's dashboard: each is answered whenever it is opened


class TooManyPins(Exception):
    """This person has as many reports on their dashboard as one may."""


@transaction.atomic
def save_report(
    report: Report,
    *,
    name: str,
    asked: Mapping[str, Any],
    actor: User,
    request: HttpRequest | None = None,
) -> Report:
    """Keep what a report asks, in as few words as say it; `WrongQuestion` where it cannot be asked."""
    now = timezone.now()
    new = {"name": name.strip(), "asked": read(asked, actor, timezone.localdate(now)).definition}
    is_new = report.pk is None
    changed = audit.changes(Report() if is_new else report, new)
    for field, value in new.items():
        setattr(report, field, value)
    report.changed_at = now
    report.save()
    action = "report.added" if is_new else "report.changed"
    audit.record(actor, action, report, request=request, changed=changed)
    return report


@transaction.atomic
def share_report(
    report: Report,
    *,
    people: Collection[User],
    roles: Collection[str],
    actor: User,
    request: HttpRequest | None = None,
) -> None:
    """Who else finds it from now on, each with their own rights: these people and roles, and nobody else."""
    before = list(report.people.order_by("pk").values_list("pk", flat=True))
    after = sorted(each.pk for each in people)
    shared_roles = f",{','.join(sorted({*roles} & {*ROLES}))}," if roles else ""
    changed = audit.changes(report, {"shared_roles": shared_roles})
    if before != after:
        changed["people"] = [before, after]
    report.shared_roles, report.changed_at = shared_roles, timezone.now()
    report.save(update_fields=["shared_roles", "changed_at"])
    report.people.set(people)
    audit.record(actor, "report.shared", report, request=request, changed=changed)


@transaction.atomic
def pin_report(
    report: Report, *, actor: User, is_pinned: bool = True, request: HttpRequest | None = None
) -> None:
    """Put it on one's own dashboard, or take it off."""
    pins = actor.pinned_reports
    if is_pinned and pins.exclude(pk=report.pk).count() >= MOST_PINS:
        raise TooManyPins
    if is_pinned:
        report.pinned_by.add(actor)
    else:
        report.pinned_by.remove(actor)
    action = "report.pinned" if is_pinned else "report.unpinned"
    audit.record(actor, action, report, request=request)


@transaction.atomic
def duplicate_report(report: Report, *, actor: User, request: HttpRequest | None = None) -> Report:
    """One's own copy of it, shared with nobody; it asks the same, whoever may be let see it."""
    longest = Report._meta.get_field("name").max_length or 0
    end = " (copy)"
    name = f"{report.name[: longest - len(end)]}{end}"
    copy = Report.objects.create(name=name, owner=actor, asked=report.asked)
    audit.record(actor, "report.added", copy, request=request, copied_from=report.pk)
    return copy


@transaction.atomic
def delete_report(report: Report, *, actor: User, request: HttpRequest | None = None) -> None:
    audit.record(actor, "report.deleted", report, request=request)
    report.delete()
