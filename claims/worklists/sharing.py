"""Sharing a list's claims out among its people: in turn, by payer, or by the patients' last names.

By payer and by name the same people always get the same payers and names, as long as they stay the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from django.db import transaction

from accounts.models import User

from .. import changes
from ..changes import Change
from ..models import Claim, Payer, Worklist
from ..pages.filters import WORKING
from .choosing import claims_of, valued

MOST_AT_ONCE = 500
HandOut = Worklist.HandOut
Turn = Callable[[Claim], int]  # a claim's place in turn: people take turns by it


@dataclass(frozen=True)
class Shared:
    claims: int  # that went to somebody
    people: int
    nobodys: int  # that none of its people sees
    is_rest: bool  # whether there are more


def people_of(worklist: Worklist) -> list[User]:
    """Those who are named; else those of its roles, or all who work claims."""
    named = list(worklist.people.active().order_by("name", "pk"))
    if named:
        return named
    roles = worklist.for_roles or ["biller", "coder", "ar_agent"]
    of_roles = User.objects.active().filter(role__in=[role for role in roles if role in WORKING])
    return list(of_roles.order_by("name", "pk"))


@transaction.atomic
def share_out(*, worklist: Worklist, change: Change) -> Shared:
    """Give the list's claims that are nobody's, as far as whoever does it sees them, to its people."""
    found = (
        valued(worklist, claims_of(worklist, change.actor), change.actor)
        .filter(assignee=None)
        .select_related("patient")
    )
    claims = list(found[: MOST_AT_ONCE + 1])
    here, turn = claims[:MOST_AT_ONCE], TURNS[worklist.hand_out]()
    by_department = _by_department(people_of(worklist))
    shares: dict[User, list[Claim]] = defaultdict(list)
    for claim in here:
        people = by_department(claim.department_id)
        if people:
            shares[people[turn(claim) % len(people)]].append(claim)
    for person, share in shares.items():
        changes.reassign(claims=share, assignee=person, change=change)
    given = sum(map(len, shares.values()))
    return Shared(given, len(shares), len(here) - given, len(claims) > MOST_AT_ONCE)


def one_for(worklist: Worklist, claim: Claim) -> User | None:
    """Who of its people gets a claim that comes by itself; in turn means by the claim's number."""
    people = _by_department(people_of(worklist))(claim.department_id)
    if not people:
        return None
    in_turn = worklist.hand_out == HandOut.ROUND_ROBIN
    turn = claim.number if in_turn else TURNS[worklist.hand_out]()(claim)
    return people[turn % len(people)]


def _by_department(people: list[User]) -> Callable[[int | None], list[User]]:
    """Who of them sees a department's claims."""
    members: dict[int, set[int]] = defaultdict(set)
    links = User.departments.through.objects.filter(user__in=people)
    for person, department in links.values_list("user_id", "department_id"):
        members[department].add(person)

    def see(department: int | None) -> list[User]:
        here = members[department] if department else set()
        return [person for person in people if person.sees_everything or person.pk in here]

    return see


# Whose turn it is ----------------------------------------------------------------------------------


def _in_turn() -> Turn:
    places = count()
    return lambda claim: next(places)


def _by_payer() -> Turn:
    places = {pk: place for place, pk in enumerate(Payer.objects.values_list("pk", flat=True))}
    return lambda claim: places.get(claim.payer_id, 0) if claim.payer_id else 0


def _by_alphabet() -> Turn:
    """By the first letter: what does not begin with one stands at the end."""

    def place(claim: Claim) -> int:
        name = ((claim.patient.name if claim.patient else "") or "").strip().upper()
        return ord(name[0]) - ord("A") if name and "A" <= name[0] <= "Z" else 26

    return place


TURNS: dict[str, Callable[[], Turn]] = {
    HandOut.PULL: _in_turn,
    HandOut.ROUND_ROBIN: _in_turn,
    HandOut.BY_PAYER: _by_payer,
    HandOut.BY_ALPHABET: _by_alphabet,
}
