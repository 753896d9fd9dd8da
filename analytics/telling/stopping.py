"""Wanting no more mail: the way out that each mail carries, good without signing in."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from accounts import audit

from ..models import Delivery, StoppedMail

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
    return mails.filter(pk=pk, channel=Delivery.Channel.MAIL).first()


def what_stops(delivery: Delivery) -> dict[str, Any]:
    """What nobody is mailed about any more there: the rule, the schedule, or for a digest any alert."""
    to = {"person": delivery.person, "address": "" if delivery.person else delivery.address.lower()}
    schedule = delivery.body.get("schedule")
    return to | {"rule": delivery.event.alert.rule if delivery.event else None, "schedule_id": schedule}


def is_stopped(delivery: Delivery) -> bool:
    return about(delivery).exists()


def about(delivery: Delivery) -> QuerySet[StoppedMail]:
    """What somebody has said who does not want this mail: of the like of it, or of any alert."""
    stops = what_stops(delivery)
    place = Q(person=stops["person"], address=stops["address"])
    these = Q(rule=stops["rule"], schedule=stops["schedule_id"])
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
        audit.record(delivery.person or delivery.address, "mail.resumed", stopped, request=request)
        stopped.delete()
