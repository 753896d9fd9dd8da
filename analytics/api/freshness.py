"""Answers that say which version of the claims they are of, and are not sent or worked out again for nothing.

The numbers of a version never change, so whoever has them is told so (304), and whoever asks next gets the
bytes that are here already. What a version does not tell of is worked out each time and compared by content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from rest_framework.renderers import JSONRenderer

from accounts.models import Department
from claims.models import Payer, Provider

from ..facts.caching import CODE, digest, is_told, version
from ..questions import Question

Build = Callable[[], dict[str, Any]]

LARGEST = 400_000  # bytes of an answer that is kept: some 1,500 causes of underpayments

# What stands in an answer beside numbers, and may change without any claim changing.
NAMES: dict[str, Callable[[], Iterable[Any]]] = {
    "payer": lambda: Payer.objects.order_by("pk").values_list("pk", "name"),
    "department": lambda: Department.objects.order_by("pk").values_list("pk", "name"),
    "provider": lambda: Provider.objects.order_by("pk").values_list("pk", "npi", "name"),
}


def answer(
    request: HttpRequest,
    question: Question,
    build: Build,
    *,
    named: Iterable[str] = (),
    beside: tuple[Any, ...] = (),
) -> HttpResponseBase:
    """The numbers of a question: they depend on claims, and on how those are called whom they tell apart.

    What else the answer says is told as `beside`, as it is by now.
    """
    split = tuple(named)
    if not is_told(question.scope, split):
        return answer_by_content(request, build)
    names = [list(NAMES[each]()) for each in split if each in NAMES]
    asked = (request.path_info, sorted(request.GET.items()))
    told = (question.scope, question.period, sorted(question.filtered.items()), names)
    tag = digest((CODE, version(), asked, told, beside))
    return unchanged(request, tag) or respond(request, tag, _kept(tag, build))


def answer_by_content(request: HttpRequest, build: Build) -> HttpResponseBase:
    body = rendered(build())
    tag = digest(body)
    return unchanged(request, tag) or respond(request, tag, body)


def _kept(tag: str, build: Build) -> bytes:
    """Within a transaction nothing is kept: what it reads may never come to be."""
    if not settings.FACTS_CACHE or connection.in_atomic_block:
        return rendered(build())
    kept = caches["facts"].get(tag)
    if kept is None:
        kept = rendered(build())
        if len(kept) <= LARGEST:
            caches["facts"].set(tag, kept)
    return kept


def rendered(answer: dict[str, Any]) -> bytes:
    return JSONRenderer().render(answer)


# On the wire -----------------------------------------------------------------------------------------


def unchanged(request: HttpRequest, tag: str) -> HttpResponseBase | None:
    """An answer without a body for whoever has this version already."""
    header = f'W/"{tag}"'
    found = get_conditional_response(request, etag=header, response=None)
    return _to_be_asked_for_again(found, header) if found is not None else None


def respond(request: HttpRequest, tag: str, body: bytes) -> HttpResponseBase:
    """The moment is that of this answer: by then the numbers were still these."""
    moment = timezone.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    content = f'{{"timestamp":"{moment}",'.encode() + body.removeprefix(b"{")
    return _to_be_asked_for_again(HttpResponse(content, content_type="application/json"), f'W/"{tag}"')


def _to_be_asked_for_again(response: HttpResponseBase, tag: str) -> HttpResponseBase:
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"  # may be kept by the client, never used unasked
    response.headers["Vary"] = "Authorization, Cookie"
    return response
