"""What intakes said (277CA, 999), on the claims that it speaks of."""

from __future__ import annotations

import pytest

from claims.answers.acknowledgements import NOBODY, attach
from claims.imports.records import AcknowledgementRecord
from claims.models import Claim
from rcm_site.testing.makers import make_claim, make_import

from .remittances import intake, warnings
from .x12_samples import of_kind, read, sample

pytestmark = pytest.mark.django_db


def attach_sample(name: str, **fields):
    return attach(of_kind(read(sample(name)), AcknowledgementRecord), intake(**fields))


def at_intake(claim: Claim) -> str:
    claim.refresh_from_db()
    return claim.at_intake


def make_sent(transaction: str, group: str = "101", **fields) -> Claim:
    return make_claim(group_number=group, transaction_number=transaction, charge=10, **fields)


def test_a_277ca_accepts_and_rejects_claims_by_their_number():
    accepted, rejected = (make_claim(control_number=number, charge=250) for number in ("A-1001", "A-1003"))
    source = make_import()
    taken = attach_sample("claim_acknowledgement_277", source=source)
    assert (at_intake(accepted), at_intake(rejected)) == ("accepted", "rejected")
    assert accepted.payer_claim_number == "ICN777"
    event = rejected.events.get()
    assert event.action == "rejected at intake (A7:562:85, A3:21, A2:20)"
    assert (event.source, event.place, event.from_status, event.to_status) == (
        source,
        22,
        "submitted",
        "submitted",
    )
    assert [each.claim_id for each in taken if not each.problems] == [accepted.pk, rejected.pk]
    # What is said of the batch and of the clearing house's own number names no claim, and is told.
    assert warnings(taken) == [NOBODY] * (len(taken) - 2)


def test_a_number_of_several_senders_goes_by_sender_then_by_charge():
    north = make_claim(control_number="A-1001", sender="north", charge=250)
    south = make_claim(control_number="A-1001", sender="south", charge=99)
    attach_sample("claim_acknowledgement_277", sender="south")
    assert (at_intake(north), at_intake(south)) == ("", "accepted")
    attach_sample("claim_acknowledgement_277")
    assert at_intake(north) == "accepted"


def test_what_could_be_two_senders_claim_is_told_and_changes_neither():
    claims = [make_claim(control_number="A-1001", sender=each, charge=250) for each in ("north", "south")]
    taken = attach_sample("claim_acknowledgement_277")
    assert [at_intake(claim) for claim in claims] == ["", ""]
    assert any("several senders" in each for each in warnings(taken))


def test_a_999_answers_every_claim_of_a_transaction():
    first, second, other = make_sent("0001"), make_sent("0001"), make_sent("0002")
    stranger = make_sent("0001", group="999")
    attach_sample("acknowledgement_999")
    assert [at_intake(each) for each in (first, second, other, stranger)] == [
        "accepted",
        "accepted",
        "rejected",
        "",
    ]
    assert other.events.get().action.startswith("rejected at intake (IK3:8")


def test_a_999_that_names_no_transaction_answers_the_whole_group():
    claims = [make_sent("0001"), make_sent("0002")]
    record = AcknowledgementRecord(3, "", is_about_claim=False, accepted=False, group_number="101")
    attach([record], intake())
    assert [at_intake(claim) for claim in claims] == ["rejected", "rejected"]


def test_a_group_number_that_comes_again_means_what_was_sent_last():
    old, new = make_sent("0001", source=make_import()), make_sent("0001", source=make_import())
    attach_sample("acknowledgement_999")
    assert (at_intake(old), at_intake(new)) == ("", "accepted")


def test_what_was_said_of_the_claim_itself_counts_for_more_than_what_was_said_of_its_file():
    claim = make_sent("0001", control_number="A-1003")
    attach_sample("claim_acknowledgement_277")
    attach_sample("acknowledgement_999")
    assert at_intake(claim) == "rejected"
    assert claim.events.count() == 2


def test_many_answers_cost_few_queries(django_assert_max_num_queries):
    for number in range(50):
        make_claim(control_number=f"B-{number}", charge=1)
    records = [
        AcknowledgementRecord(n, f"B-{n}", is_about_claim=True, accepted=True, codes=("A2:20",))
        for n in range(50)
    ]
    into = intake()
    with django_assert_max_num_queries(6):
        attach(records, into)
    assert Claim.objects.filter(at_intake="accepted").count() == 50
