"""Fifty people pull the next claim at the same moment: nobody gets what another has."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import User
from claims.models import Claim, OpenWork, Worklist
from claims.numbers import next_numbers
from claims.worklists import open_work
from claims.worklists.counting import count_due
from claims.worklists.pulling import next_claim
from rcm_site.testing.makers import make_department, make_user
from rcm_site.testing.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE, TURNS = 50, 3


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite writers take turns anyway")
@pytest.mark.parametrize("is_counted", [True, False])  # whether it is known which stand in front
def test_fifty_people_who_pull_at_once_never_get_the_same_claim(is_counted: bool) -> None:
    heart = make_department("Heart")
    people = [make_user("biller", departments=[heart]) for _ in range(PEOPLE)]
    Claim.objects.bulk_create(
        Claim(number=number, kind="dental", department=heart, charge=Decimal(number % 7 + 1))
        for number in next_numbers(PEOPLE * TURNS)
    )
    open_work.settle()
    worklist = Worklist.objects.create(name="All", filters={"status": "open"})
    if is_counted:
        count_due()

    def pull(person: User) -> list[tuple[User, Claim | None]]:
        return [(person, next_claim(user=person, worklist=worklist)) for _ in range(TURNS)]

    pulled = [each for turns in at_once(pull, people) for each in turns]
    assert len(pulled) == PEOPLE * TURNS
    held = list(OpenWork.objects.filter(held_by__isnull=False).values_list("claim", "held_by"))
    assert len(held) == len({claim for claim, _ in held}) == len({person for _, person in held}) == PEOPLE
