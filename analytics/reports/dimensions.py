"""What a report's rows may be told apart by, and which measures each of these tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from claims.models import Provider

from ..codes import CODES
from ..facts.reading import TIMES
from ..names import LABELS
from ..periods import Period
from ..questions import span_in_words
from ..scopes import NONE


@dataclass(frozen=True)
class Dimension:
    key: str
    label: str
    access: str = ""  # what one must be allowed beyond reports
    tells: frozenset[str] | None = None  # the measures that it tells apart; none: all of them
    names: Callable[[set[Any]], dict[Any, str]] | None = None
    has_filter: bool = True  # a page can be narrowed to one member

    @property
    def is_time(self) -> bool:
        return self.key in TIMES

    @property
    def is_code(self) -> bool:
        """A claim may have several: it counts under each, so rows add up to more than there is."""
        return self.key in CODES


def _people(keys: set[Any]) -> dict[Any, str]:
    names = {each.pk: each.name or each.email for each in User.objects.filter(pk__in=keys - {None})}
    return {key: names.get(key, f"no. {key}") if key is not None else "Nobody" for key in keys}


def _codes(nothing: str) -> Callable[[set[Any]], dict[Any, str]]:
    return lambda keys: {key: key or nothing for key in keys}


def _measures_of(code: str) -> frozenset[str]:
    return frozenset(CODES[code].measures)


DIMENSIONS: dict[str, Dimension] = {
    each.key: each
    for each in (
        Dimension("payer", "Payer", names=LABELS["payer"]),
        Dimension("department", "Department", names=LABELS["department"]),
        Dimension("provider", "Provider", "claims.view_providertotal", names=LABELS["provider"]),
        Dimension("kind", "Kind", names=LABELS["kind"]),
        Dimension("category", "Denied for", names=LABELS["category"]),
        Dimension("assignee", "Assigned to", "accounts.view_team", names=_people, has_filter=False),
        Dimension(
            "procedure", "Procedure", tells=_measures_of("procedure"), names=_codes("Without a procedure")
        ),
        Dimension("reason", "Reason", tells=_measures_of("reason"), names=_codes("Without a reason")),
        Dimension("day", "Day"),
        Dimension("week", "Week"),
        Dimension("month", "Month"),
    )
}


@dataclass(frozen=True)
class Member:
    """One payer, month …: what rows are told apart by."""

    dimension: Dimension
    key: Any
    label: str
    narrows: Mapping[str, str] | None  # how a page's address asks for it alone, if it can

    @property
    def address_key(self) -> str | None:
        """What the parameter of that name takes; of a time its first day."""
        if self.dimension.is_time:
            return str(self.key)
        named = (self.narrows or {}).get(self.dimension.key)
        if named is not None:
            return None if named == NONE else named
        return str(self.key) if self.key not in (None, "") else None


def members_of(dimension: Dimension, keys: set[Any]) -> dict[Any, Member]:
    """Each key with what it is called."""
    assert dimension.names is not None  # noqa: S101 - times have steps instead
    names = dimension.names(keys)
    npis: dict[Any, str] = {}
    if dimension.key == "provider":
        npis = dict(Provider.objects.filter(pk__in=keys - {None}).values_list("pk", "npi"))
    return {key: Member(dimension, key, names[key], _narrowed(dimension, npis.get(key, key))) for key in keys}


def member_of_time(dimension: Dimension, step: Period) -> Member:
    return Member(
        dimension,
        step.start,
        step_in_words(dimension.key, step),
        {"start": str(step.start), "end": str(step.end)},
    )


def step_in_words(kind: str, step: Period) -> str:
    """A whole month by its name; what is cut off at an end of the period by its days."""
    if kind == "month" and step.is_whole_months:
        return f"{step.start:%b %Y}"
    return span_in_words(step)


def _narrowed(dimension: Dimension, key: Any) -> Mapping[str, str] | None:
    if not dimension.has_filter:
        return None
    return {dimension.key: NONE if key in (None, "") else str(key)}
