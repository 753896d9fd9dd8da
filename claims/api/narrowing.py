"""What a list of claims can be narrowed and sorted by; whatever else is asked for is refused by name."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Q
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError

from accounts.models import Department, User
from claims.asking import Wrong, day, named, one_of
from claims.models import Claim, ClaimLine, Payer, Provider
from claims.models.claims import ClaimQuerySet
from rcm_site.api import NOT_TEXT

PAGING = ("cursor", "limit")
# Of columns that are never null, and have an index.
SORTS = {
    "-number": ("-number",),
    "number": ("number",),
    "-submitted_on": ("-submitted_on", "-number"),
    "submitted_on": ("submitted_on", "number"),
}
NEWEST_FIRST = "-number"


def _from(field: str) -> Callable[[str, User], Q]:
    return lambda text, _: Q((f"{field}__gte", day(text)))


def _to(field: str) -> Callable[[str, User], Q]:
    return lambda text, _: Q((f"{field}__lte", day(text)))


def _one_of(field: str, choices: list[str]) -> Callable[[str, User], Q]:
    def choose(text: str, _: User) -> Q:
        return Q((field, one_of(text, choices)))

    return choose


def _payer(text: str, _: User) -> Q:
    return Q(payer=named(Payer.objects.all(), text))


def _department(text: str, user: User) -> Q:
    return Q(department=named(Department.objects.visible_to(user), text))


def _assignee(text: str, user: User) -> Q:
    if text == "me":
        return Q(assignee=user)
    if text == "none":
        return Q(assignee=None)
    return Q(assignee=named(User.objects.visible_to(user), text))


def _provider(text: str, _: User) -> Q:
    provider = Provider.objects.filter(npi=text).first()
    if provider is None:
        raise Wrong("There is no provider with this NPI.")
    return Q(provider=provider) | Q(pk__in=ClaimLine.objects.filter(provider=provider).values("claim"))


def _control_number(text: str, _: User) -> Q:
    return Q(control_number=text)


FILTERS: dict[str, tuple[Callable[[str, User], Q], str]] = {
    "status": (_one_of("status", Claim.Status.values), ""),
    "kind": (_one_of("kind", Claim.Kind.values), ""),
    "denial_category": (
        _one_of("denial_category", [each for each in Claim.Category.values if each]),
        "What people work a denial by.",
    ),
    "payer": (_payer, "By id or name."),
    "department": (_department, "By id or name; one of one's own."),
    "assignee": (_assignee, "By id or name, `me` or `none`."),
    "provider": (_provider, "An NPI: claims of theirs, or with a line of theirs."),
    "control_number": (_control_number, "The sender's number, exactly."),
    "submitted_from": (_from("submitted_on"), "The first day, as in 2026-11-21."),
    "submitted_to": (_to("submitted_on"), "The last day."),
    "service_from": (_from("service_to"), "Claims with a service on this day or later."),
    "service_to": (_to("service_from"), "Claims with a service on this day or earlier."),
}
PARAMETERS = [
    *(OpenApiParameter(name, str, description=words) for name, (_, words) in FILTERS.items()),
    OpenApiParameter("sort", str, enum=[*SORTS], default=NEWEST_FIRST),
]


def narrowed(claims: ClaimQuerySet, asked: QueryDict, user: User) -> ClaimQuerySet:
    """The claims asked for; every parameter that makes no sense is named."""
    refuse_unknown(asked, (*FILTERS, *PAGING, "sort"))
    problems: dict[str, list[str]] = {}
    for name, (condition, _) in FILTERS.items():
        if name in asked:
            try:
                claims = claims.filter(condition(str(asked[name]), user))
            except Wrong as wrong:
                problems[name] = [str(wrong)]
    if asked.get("sort", NEWEST_FIRST) not in SORTS:
        problems["sort"] = [f"One of {', '.join(SORTS)}."]
    if problems:
        raise ValidationError(problems)
    return claims


def refuse_unknown(asked: QueryDict, known: tuple[str, ...]) -> None:
    problems: dict[str, list[str]] = {}
    for name, values in asked.lists():
        if name not in known:
            problems[name] = ["There is no such parameter."]
        elif len(values) > 1:
            problems[name] = ["This parameter is given twice."]
        elif NOT_TEXT.search(values[0]):
            problems[name] = ["This text holds a character that cannot be stored."]
    if problems:
        raise ValidationError(problems)
