"""Wanting no more mail: the way out that each mail carries, good without signing in."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from accounts import audit

from ..models import Delivery, Schedule, StoppedMail

_signer = signing.Signer(salt="analytics.stop")


def url_of(delivery: Delivery) -> str:
    return reverse("stop_mail", args=[_signer.sign(str(delivery.pk))])


def delivery_of(token: str) -> Delivery | None:
    """The mail that a link came with, as long as it is remembered."""
    try:
        pk = _signer.unsign(token)
    except signing.BadSignature:
        return None
    mails = Delivery.objects.select_related("event__alert__rule", "person")
    found = mails.filter(pk=pk, channel=Delivery.Channel.MAIL).first()
    if found and found.about == Delivery.About.REPORT and _schedule(found) is None:
        return None  # nothing comes of it any more
    return found


def _schedule(delivery: Delivery) -> Schedule | None:
    return Schedule.objects.filter(pk=delivery.body.get("schedule")).first()


def what_stops(delivery: Delivery) -> dict[str, Any]:
    """What nobody is mailed about any more there: the rule, the schedule, or for a digest any alert."""
    to = {"person": delivery.person, "address": "" if delivery.person else delivery.address.lower()}
    rule = delivery.event.alert.rule if delivery.event else None
    return to | {"rule": rule, "schedule": _schedule(delivery)}


def is_stopped(delivery: Delivery) -> bool:
    return about(delivery).exists()


def about(delivery: Delivery) -> QuerySet[StoppedMail]:
    """What somebody has said who does not want this mail: of the like of it, or of any alert."""
    stops = what_stops(delivery)
    place = Q(person=stops["person"], address=stops["address"])
    these = Q(rule=stops["rule"], schedule=stops["schedule"])
    if delivery.about == Delivery.About.ALERT:
        these |= Q(rule=None, schedule=None)
    return StoppedMail.objects.filter(place & these)


@transaction.atomic
def stop(delivery: Delivery, *, request: HttpRequest | None = None) -> StoppedMail:
    stopped, is_new = StoppedMail.objects.get_or_create(**what_stops(delivery))
    if is_new:
        audit.record(delivery.person or delivery.address, "mail.stopped", stopped, request=request)
    return stopped


@transaction.atomic
def go_on(delivery: Delivery, *, request: HttpRequest | None = None) -> None:
    """Be mailed again."""
    for stopped in about(delivery):
        take_back(stopped, request=request)


@transaction.atomic
def take_back(stopped: StoppedMail, *, request: HttpRequest | None = None) -> None:
    audit.record(stopped.person or stopped.address, "mail.resumed", stopped, request=request)
    StoppedMail.objects.filter(pk=stopped.pk).delete()
