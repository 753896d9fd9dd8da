"""Fifty people pull the next claim at the same moment: nobody gets what another has."""

from __future__ import annotations

import threading
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
    start, lock = threading.Barrier(PEOPLE), threading.Lock()
    pulled: list[tuple[User, Claim]] = []
    wrong: list[BaseException] = []

    def pull(person: User) -> None:
        try:
            start.wait()
            for _ in range(TURNS):
                claim = next_claim(user=person, worklist=worklist)
                assert claim is not None
                with lock:
                    pulled.append((person, claim))
        except BaseException as error:  # noqa: BLE001 - told below, in the test's own thread
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=pull, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(pulled) == PEOPLE * TURNS
    held = list(OpenWork.objects.filter(held_by__isnull=False).values_list("claim", "held_by"))
    assert len(held) == len({claim for claim, _ in held}) == len({person for _, person in held}) == PEOPLE
