"""The page of the net fees that go downstream: what is on its way, and what was given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Min, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import allow, may, person
from rcm_site.templatetags.ui import NOTHING, number

from ..downstream import dead_letters
from ..models import OutboxMessage

REPLAY = "claims.change_outboxmessage"
MOST_SHOWN = 50


@dataclass(frozen=True)
class Figure:
    """What `_kpi_card.html` shows."""

    label: str
    value: str
    n: str = ""
    definition: str = ""


@allow("claims.view_outboxmessage")
@never_cache
@require_safe
def payments(request: HttpRequest) -> HttpResponse:
    outbox = OutboxMessage.objects.visible_to(person(request))
    dead = list(outbox.dead().select_related("claim").order_by("-pk")[: MOST_SHOWN + 1])
    shown: dict[str, Any] = {
        "figures": figures(outbox),
        "dead": dead[:MOST_SHOWN],
        "has_more": len(dead) > MOST_SHOWN,
        "may_replay": may(request.user, REPLAY),
        "now": timezone.now(),
    }
    if request.headers.get("HX-Request"):
        return render(request, "claims/_payments.html", shown)
    return render(request, "claims/payments.html", {"title": "Do net fees arrive downstream?"} | shown)


def figures(outbox: Any) -> list[Figure]:
    now = timezone.now()
    on_their_way = outbox.undelivered().aggregate(
        all=Count("*"), sent=Count("pk", filter=Q(state=OutboxMessage.State.SENT)), oldest=Min("created_at")
    )
    oldest = on_their_way["oldest"]
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return [
        Figure(
            "On their way",
            number(on_their_way["all"]),
            n=f"{number(on_their_way['sent'])} of them with the broker",
            definition="Messages that the payments side has not taken yet.",
        ),
        Figure(
            "Oldest of them",
            NOTHING if oldest is None else in_words(now - oldest),
            n="Usually a few seconds",
            definition="How long the oldest message has been on its way.",
        ),
        Figure(
            "Delivered today",
            number(outbox.filter(state=OutboxMessage.State.DELIVERED, delivered_at__gte=midnight).count()),
            definition="Messages that the payments side has taken since midnight.",
        ),
        Figure(
            "Given up",
            number(outbox.dead().count()),
            n="Failed at every attempt",
            definition="What the payments side did not take. Until it is sent again, the books differ.",
        ),
    ]


def in_words(age: timedelta) -> str:
    seconds = max(int(age.total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:,} {unit}"
    return f"{seconds} s"


@allow(REPLAY)
@require_POST
def replay_payments(request: HttpRequest) -> HttpResponse:
    """Send one message that was given up once more, or all of them."""
    chosen = OutboxMessage.objects.visible_to(person(request)).dead()
    if asked_for := request.POST.get("message"):
        try:
            chosen = chosen.filter(pk=UUID(asked_for))
        except ValueError:
            raise Http404 from None
    revived = dead_letters.replay(chosen, actor=person(request), request=request)
    if revived:
        messages.success(
            request, f"{number(revived)} message{'s are' if revived > 1 else ' is'} on the way once more."
        )
    else:
        messages.info(request, "Nothing was sent: a colleague has seen to it already.")
    return redirect("payments")
