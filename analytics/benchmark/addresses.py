"""What is measured: every page and every answer of the API that shows numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.urls import URLPattern, URLResolver, get_resolver

from analytics.kpis import KPIS
from claims.models import Claim, ClaimEvent, Patient, Provider, Remittance

# Others than those of the analytics, by the name of their address.
ALSO = frozenset(
    {
        *("claims", "claim", "patient", "remittances", "remittance", "unmatched_payments", "payments"),
        *("api_claims", "api_claim", "api_top_ten", "api_top"),
    }
)
# What shows no numbers, or shows somebody's own files.
LEFT_OUT = frozenset({"home", "exports", "take_out", "api_exports"})
LONG = "period=last_12_months"  # asked for besides the person's own period


@dataclass(frozen=True)
class Address:
    path: str
    is_api: bool

    @property
    def target(self) -> float:
        """Milliseconds within which half of the answers should come."""
        return 25 if self.is_api else 80


class Examples:
    """The busiest of each kind, to fill the gaps in addresses with."""

    def __init__(self) -> None:
        busiest = Claim.objects.order_by()
        provider = _most(busiest, "provider")
        staff = _most(ClaimEvent.objects.filter(actor__isnull=False).order_by(), "actor")
        self._known: dict[str, tuple[Any, ...]] = {
            "claims": tuple(busiest.filter(lines__isnull=False).values_list("pk", flat=True)[:1]),
            "payers": _most(busiest, "payer"),
            "departments": _most(busiest, "department"),
            "providers": tuple(Provider.objects.filter(pk__in=provider).values_list("npi", flat=True)),
            "staff": staff,
            "people": staff,
            "patients": tuple(Patient.objects.order_by("pk").values_list("pk", flat=True)[:1]),
            "remittances": tuple(Remittance.objects.values_list("pk", flat=True)[:1]),
            "kpis": tuple(KPIS),
        }

    def of(self, route: str, parameter: str) -> tuple[Any, ...]:
        """What to put in for `<…:parameter>`: told by the word before it, as in `payers/<int:pk>/`."""
        if parameter == "npi":
            return self._known["providers"]
        if parameter in ("key", "kpi"):
            return self._known["kpis"]
        words = route.split("<")[0].strip("/").split("/")
        return self._known.get(words[-1], ())


def _most(rows: Any, name: str) -> tuple[Any, ...]:
    counted = rows.filter(**{f"{name}__isnull": False}).values_list(name).annotate(rows=Count("pk"))
    return tuple(key for key, _ in counted.order_by("-rows")[:1])


def addresses() -> list[Address]:
    """All of them, taken from the site's own list: what is added there is measured from then on."""
    examples = Examples()
    found: list[Address] = []
    for route, pattern in _routes(get_resolver()):
        if not _shows_numbers(pattern):
            continue
        names = list(pattern.pattern.converters)
        values = examples.of(route, names[0]) if len(names) == 1 else ((None,) if not names else ())
        for value in values:
            path = "/" + (_filled(route, value) if names else route)
            is_api = route.startswith("api/")
            found.append(Address(path, is_api))
            if pattern.callback.__module__.startswith("analytics."):
                found.append(Address(f"{path}?{LONG}", is_api))
    return found


def _routes(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in resolver.url_patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            if not route.startswith("admin"):
                yield from _routes(each, route)
        else:
            yield route, each


def _shows_numbers(pattern: URLPattern) -> bool:
    if pattern.name in ALSO:
        return True
    return pattern.callback.__module__.startswith("analytics.") and pattern.name not in LEFT_OUT


def _filled(route: str, value: object) -> str:
    start, end = route.index("<"), route.index(">")
    return f"{route[:start]}{value}{route[end + 1 :]}"
