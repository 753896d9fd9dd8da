"""What happens to claims that a rule can wait for, each told from the claim's history."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q

from ..claim_rows import RECEIVED
from ..models import Claim
from ..models.appeals import WITHDRAWN

Status = Claim.Status


@dataclass(frozen=True)
class Happening:
    label: str  # after "When": its status changes
    events: Q


def _corrected(field: str) -> Q:
    """Somebody gave the claim another one; `corrections` writes down which fields that were."""
    return Q(action__regex=rf"^corrected: (.*, )?{field}(,|$)")


def _begins(*actions: str) -> Q:
    found = Q()
    for action in actions:
        found |= Q(action__startswith=action)
    return found


_STATUS = ~Q(from_status="") & ~Q(to_status="") & ~Q(from_status=F("to_status"))
_PAYERS_ANSWER = _begins("paid by payer", "denied by payer", "answered by payer", "reversed by payer")
_PAID_BY_HAND = _begins("payment posted", "paid back", "taken back: ")
_BECAME_DENIED = _STATUS & Q(to_status=Status.DENIED) & ~Q(action=WITHDRAWN)
_WRITTEN_OFF = _STATUS & (Q(from_status=Status.WRITTEN_OFF) | Q(to_status=Status.WRITTEN_OFF))

CHANGES: dict[str, Happening] = {
    "arrived": Happening("it comes in", Q(action=RECEIVED, from_status="")),
    "status": Happening("its status changes", _STATUS),
    "category": Happening(
        "it is denied, or denied for something else",
        _BECAME_DENIED | _begins("denied by payer") | _corrected("denial category"),
    ),
    "amount": Happening(
        "an amount of it changes",
        _PAYERS_ANSWER | _PAID_BY_HAND | _WRITTEN_OFF | _corrected("charge"),
    ),
    "payer": Happening("its payer changes", _corrected("payer")),
    "person": Happening(
        "it goes to somebody else",
        Q(action__in=("assigned", "unassigned", "handed over", "escalated")) | _corrected("assignee"),
    ),
    "intake": Happening("the payer’s intake answers", _begins("accepted at intake", "rejected at intake")),
}


def any_of(keys: list[str]) -> Q:
    found = Q(pk__in=())
    for key in keys:
        found |= CHANGES[key].events
    return found


def in_words(keys: list[str]) -> str:
    return " or ".join(CHANGES[key].label for key in CHANGES if key in keys)
