"""Staff's actions out of files: whose, on which claim, and each once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from claims.activity import SEVERAL_CLAIMS, UNKNOWN_CLAIM, UNKNOWN_STAFF, store_actions
from claims.imports.records import ActivityRecord, Problem
from claims.models import ClaimEvent
from rcm_site.testing.makers import make_claim, make_department, make_import, make_user

from .remittances import intake, warnings

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def ada():
    return make_user("biller", email="ada@clinic.example")


def action(staff="ada@clinic.example", claim="A-1", did="Called payer", at=MOMENT, **fields):
    return ActivityRecord(2, staff, claim, did, at, **fields)


def test_an_action_becomes_an_event_of_its_claim(ada):
    claim, source = make_claim(control_number="A-1"), make_import()
    (taken,) = store_actions([action(is_error=True)], intake(source))
    event = ClaimEvent.objects.get()
    assert (event.claim, event.actor, event.action, event.at) == (claim, ada, "Called payer", MOMENT)
    assert (event.is_error, event.source, event.place, event.from_status) == (True, source, 2, "")
    assert taken.claim_id == claim.pk


@pytest.mark.parametrize("staff", ["ADA@Clinic.example", "ada@clinic.example", "{pk}"])
@pytest.mark.parametrize("named", ["A-1", "C-{number}", "c-{number}", "{number}"])
def test_staff_and_claims_go_by_several_names(ada, staff, named):
    claim = make_claim(control_number="A-1")
    store_actions([action(staff.format(pk=ada.pk), named.format(number=claim.number))], intake())
    assert ClaimEvent.objects.get().claim == claim


def test_who_is_unknown_is_refused_with_what_to_do(ada):
    make_claim(control_number="A-1")
    taken = store_actions([action("eve@clinic.example"), action(claim="A-9"), action(at=None)], intake())
    assert warnings(taken)[:2] == [UNKNOWN_STAFF, UNKNOWN_CLAIM]
    assert [problem.field for each in taken for problem in each.problems] == [
        "staff e-mail",
        "claim",
        "moment",
    ]
    assert all(each.is_refused for each in taken)
    assert not ClaimEvent.objects.exists()


def test_a_claim_of_another_department_is_as_unknown_as_none(ada):
    claim = make_claim(control_number="A-1", department=make_department())
    sender = make_user("biller", departments=[make_department()])
    names = ["A-1", f"C-{claim.number}", "A-9"]
    taken = store_actions([action(claim=name) for name in names], intake(actor=sender))
    assert warnings(taken) == [UNKNOWN_CLAIM] * 3


def test_a_number_that_means_two_claims_is_refused(ada):
    first = make_claim(control_number="A-1")
    second = make_claim(control_number=str(first.number))
    for sender in ("north", "south"):
        make_claim(control_number="A-2", sender=sender)
    taken = store_actions([action(claim=str(first.number)), action(claim="A-2")], intake())
    assert warnings(taken) == [SEVERAL_CLAIMS] * 2
    store_actions([action(claim=f"C-{first.number}"), action(claim=f"C-{second.number}")], intake())
    assert ClaimEvent.objects.count() == 2


def test_a_rebill_is_meant_by_the_number_that_it_shares(ada):
    make_claim(control_number="A-1", status="void")
    rebill = make_claim(control_number="A-1", rebill_mark="x", frequency="7")
    store_actions([action()], intake())
    assert ClaimEvent.objects.get().claim == rebill


def test_an_action_that_another_file_brought_is_not_counted_twice(ada):
    make_claim(control_number="A-1")
    rows = [action(), action(), action(did="Appealed")]
    store_actions(rows, intake())
    assert ClaimEvent.objects.count() == 3  # the same thing may be done twice; one file says so
    taken = store_actions([*rows, action(did="Closed")], intake())
    assert [each.is_repeated for each in taken] == [True, True, True, False]
    assert ClaimEvent.objects.count() == 4


def test_a_row_with_an_error_of_its_own_is_left_out(ada):
    make_claim(control_number="A-1")
    store_actions([action(problems=[Problem(2, "error flag", "must be yes or no")])], intake())
    assert not ClaimEvent.objects.exists()


def test_many_actions_cost_few_queries(ada, django_assert_max_num_queries):
    for number in range(50):
        make_claim(control_number=f"B-{number}")
    into, rows = intake(), [action(claim=f"B-{number}") for number in range(50)]
    with django_assert_max_num_queries(6):
        store_actions(rows, into)
    assert ClaimEvent.objects.count() == 50
