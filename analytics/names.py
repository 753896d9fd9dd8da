"""What payers, departments, providers … are called, by their keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accounts.models import Department
from claims.models import Claim, Payer, Provider

from .facts.caching import once

MANY_KEYS = 500  # from here on all names are read: to name each key takes longer


def names_of(model: type[Payer | Department]) -> dict[Any, str]:
    """All of them, in their order: there are few, and an answer asks in several places."""
    return once(model, lambda: dict(model._default_manager.order_by("name").values_list("pk", "name")))


def _names(model: type[Payer | Department], none: str) -> Callable[[set[Any]], dict[Any, str]]:
    def names(keys: set[Any]) -> dict[Any, str]:
        found = names_of(model)
        return {key: found.get(key, f"no. {key}") if key is not None else none for key in keys}

    return names


def _provider_names(keys: set[Any]) -> dict[Any, str]:
    """Thousands at once are read as they are: to make an object of each takes longer than all the rest."""
    known = Provider.objects.order_by()
    if len(keys) < MANY_KEYS:
        known = known.filter(pk__in=keys - {None})
    found = {pk: Provider.called(npi, name) for pk, npi, name in known.values_list("pk", "npi", "name")}
    return {key: found.get(key, f"no. {key}") if key is not None else "No provider" for key in keys}


def _choices(choices: Any, none: str = "None") -> Callable[[set[Any]], dict[Any, str]]:
    return lambda keys: {key: choices(key).label if key else none for key in keys}


LABELS: dict[str, Callable[[set[Any]], dict[Any, str]]] = {
    "payer": _names(Payer, "No payer"),
    "department": _names(Department, "No department"),
    "provider": _provider_names,
    "kind": _choices(Claim.Kind),
    "category": _choices(Claim.Category, "Not denied"),
}
