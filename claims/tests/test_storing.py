"""Storing claims: what becomes of a record, in every table that it touches."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import RequestFactory

from accounts.models import User
from claims import triage
from claims.downstream.outbox import owed_to_providers
from claims.imports.claim_lines import read_claim_lines
from claims.imports.records import ClaimRecord, Kind, LineRecord, PatientRecord, Status
from claims.imports.rules import Rules
from claims.imports.x12 import read_x12
from claims.intake import Intake, Taken
from claims.models import (
    Claim,
    ClaimEvent,
    ClaimLine,
    ClaimPayment,
    Coverage,
    OutboxMessage,
    Patient,
    PayerAlias,
)
from claims.storing import screen, store_claims
from rcm_site.testing.makers import make_claim, make_department, make_import, make_payer, make_user

from .sample_files import SAMPLES, shared

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 1)
CANONICAL = "claim_csv/01-canonical-10col-mixed-case-trailing-space.csv"


@pytest.fixture
def director() -> User:
    return make_user("director")


def intake_of(actor: User | None, **fields: Any) -> Intake:
    return Intake(actor=actor, today=TODAY, **fields)


def line(npi: str = "1234567893", fees: int = 100_00, **fields: Any) -> LineRecord:
    amounts = {"charge": fees, "provider_fees": fees, "allowed_fees": 0, "coinsurance": 0, "copay": 0}
    return LineRecord(1, fields.pop("number", 1), rendering_npi=npi, procedure="D1110", **(amounts | fields))


def record(control_number: str = "A-1", **fields: Any) -> ClaimRecord:
    usual: dict[str, Any] = {"lines": [line()], "charge": 100_00, "kind": Kind.DENTAL}
    fields = usual | fields
    return ClaimRecord(fields.pop("place", 1), control_number=control_number, **fields)


def store(records: Sequence[ClaimRecord], actor: User | None, **fields: Any) -> list[Taken]:
    return store_claims(records, intake_of(actor, **fields))


def store_one(claim: ClaimRecord, actor: User | None = None, **fields: Any) -> Claim:
    (taken,) = store([claim], actor, **fields)
    assert taken.problems == []
    return claim_of(taken)


def claim_of(taken: Taken) -> Claim:
    assert taken.number
    return Claim.objects.get(number=taken.number, pk=taken.claim_id or "")


def reasons(taken: Taken) -> list[tuple[str, str]]:
    return [(each.field, each.reason) for each in taken.problems]


# What is stored --------------------------------------------------------------------------------------


def test_the_canonical_file_is_stored_with_its_net_fee_of_116_85(director: User) -> None:
    content = shared(CANONICAL).read_bytes()
    records = [
        each for each in read_claim_lines(io.BytesIO(content), Rules(TODAY)) if isinstance(each, ClaimRecord)
    ]
    (taken,) = store(records, director)
    claim = claim_of(taken)
    assert sum(line.net_fee for line in claim.lines.all()) == Decimal("116.85")
    message = OutboxMessage.objects.get(claim=claim)
    assert (message.net_fee, message.reason, message.state) == (Decimal("116.85"), "accepted", "waiting")
    assert dict(message.shares) == dict(owed_to_providers(claim))
    assert claim.number == taken.number


def test_a_claim_keeps_its_lines_parties_and_the_place_it_came_from(director: User) -> None:
    source = make_import(director)
    services = [
        line(plan_group="G1", subscriber="S1"),
        line("1111111112", number=2, modifiers=("25",)),
    ]
    services[0].place = 7
    claim = store_one(
        record(
            lines=services,
            payer="Northern  Dental",
            patient=PatientRecord(patient_id="P-9"),
            service_date=date(2026, 2, 1),
            service_end=date(2026, 2, 2),
            place=6,
        ),
        director,
        source=source,
        sender="CLINIC",
    )
    assert claim.payer
    assert claim.payer.name == "Northern Dental"
    assert claim.provider
    assert claim.provider.npi == "1234567893"
    assert claim.patient
    assert claim.patient.patient_id == "P-9"
    assert (claim.sender, claim.source, claim.place) == ("CLINIC", source, 6)
    assert (claim.service_from, claim.service_to) == (date(2026, 2, 1), date(2026, 2, 2))
    assert (claim.charge, claim.balance, claim.submitted_on) == (Decimal("100.00"), Decimal("100.00"), TODAY)
    first, second = ClaimLine.objects.filter(claim=claim)
    assert first.coverage
    assert (first.coverage.plan_group, first.coverage.subscriber) == ("G1", "S1")
    assert (first.place, first.net_fee, second.coverage, second.modifiers) == (
        7,
        Decimal("100.00"),
        None,
        "25",
    )
    event = ClaimEvent.objects.get(claim=claim)
    assert (event.action, event.actor, event.source, event.place) == ("received", director, source, 6)


def test_shares_go_by_npi_in_order(director: User) -> None:
    services = [
        line("1999999992", 30_00),
        line("1000000004", 20_00, number=2),
        line("1999999992", 5_00, number=3),
    ]
    claim = store_one(record(lines=services), director)
    assert OutboxMessage.objects.get(claim=claim).shares == [["1000000004", 20_00], ["1999999992", 35_00]]


def test_a_claim_whose_format_tells_no_net_fee_tells_the_payments_side_nothing(director: User) -> None:
    store_one(record(lines=[LineRecord(1, 1, charge=50_00, rendering_npi="1234567893")]), director)
    assert not OutboxMessage.objects.exists()


def test_a_paid_row_becomes_a_posted_payment(director: User) -> None:
    paid_at = datetime(2026, 2, 21, 3, 0, tzinfo=ZoneInfo("UTC"))  # still the 20th in New York
    claim = store_one(
        record(status=Status.PAID, paid=90_00, paid_at=paid_at, submitted_at=date(2026, 2, 3)), director
    )
    payment = ClaimPayment.objects.get(claim=claim)
    assert (payment.state, payment.paid, payment.paid_on) == ("posted", Decimal("90.00"), date(2026, 2, 20))
    assert (claim.paid, claim.balance) == (Decimal("90.00"), Decimal("10.00"))
    assert (claim.paid_on, claim.decided_on, claim.first_decision) == (
        date(2026, 2, 20),
        date(2026, 2, 20),
        "paid",
    )


def test_a_denial_is_categorised_and_its_words_are_kept_for_those_who_may_read_them(director: User) -> None:
    denied = record(
        status=Status.DENIED,
        denial_reason="No prior authorization",
        submitted_at=date(2026, 2, 3),
        lines=[line()],
    )
    claim = store_one(denied, director)
    assert (claim.denial_category, claim.decided_on, claim.first_decision) == (
        "authorisation",
        date(2026, 2, 3),
        "denied",
    )
    assert ClaimEvent.objects.get(claim=claim).note == "No prior authorization"


def test_writing_off_leaves_nothing_of_the_charge(director: User) -> None:
    claim = store_one(record(status=Status.WRITTEN_OFF, paid=30_00), director)
    assert (claim.written_off, claim.balance) == (Decimal("70.00"), 0)


def test_without_a_charge_what_is_expected_counts(director: User) -> None:
    assert store_one(record(charge=None, expected=80_00), director).charge == Decimal("80.00")


# Duplicates ------------------------------------------------------------------------------------------


def test_the_same_control_number_again_is_a_duplicate_of_the_first(director: User) -> None:
    first = store_one(record(), director)
    (again,) = store([record()], director)
    assert (again.claim_id, again.first_claim_id, again.is_refused) == (None, first.pk, False)
    assert (Claim.objects.count(), ClaimLine.objects.count(), OutboxMessage.objects.count()) == (1, 1, 1)


def test_a_duplicate_within_one_batch_names_the_claim_stored_with_it(director: User) -> None:
    first, again, other = store([record(), record(), record("B-2")], director)
    assert (again.claim_id, again.first_claim_id) == (None, first.claim_id)
    assert other.claim_id
    assert ClaimEvent.objects.count() == 2


def test_two_senders_may_use_one_number(director: User) -> None:
    store_one(record(), director, sender="ONE")
    store_one(record(), director, sender="TWO")


def test_claims_without_a_number_are_never_duplicates(director: User) -> None:
    store_one(record(""), director)
    store_one(record(""), director)


# Rebills ---------------------------------------------------------------------------------------------


def test_a_replacement_voids_its_original_and_tells_the_difference(director: User) -> None:
    original = store_one(record(), director)
    rebill = store_one(record(frequency="7", lines=[line(fees=80_00)], charge=80_00), director)
    original.refresh_from_db()
    assert (rebill.original, original.status) == (original, "void")
    told = [
        (each.reason, each.net_fee) for each in OutboxMessage.objects.filter(claim=original).order_by("id")
    ]
    assert told == [("accepted", Decimal("100.00")), ("voided", Decimal("-100.00"))]
    assert sum(each.net_fee for each in OutboxMessage.objects.all()) == Decimal("80.00")
    assert [each.action for each in original.events.all()] == ["received", "replaced by a rebill"]


def test_a_void_takes_its_original_out_and_tells_nothing_of_itself(director: User) -> None:
    original = make_claim(fees=["100.00"], control_number="A-1", payer_claim_number="ICN-5")
    void = store_one(record("Z-9", frequency="8", original_number="ICN-5"), director)
    original.refresh_from_db()
    assert (void.status, void.original, original.status) == ("void", original, "void")
    assert not OutboxMessage.objects.filter(claim=void).exists()


def test_the_same_rebill_again_is_a_duplicate_and_another_one_is_not(director: User) -> None:
    store_one(record(), director)
    rebill = store_one(record(frequency="7", lines=[line(fees=80_00)]), director)
    (again,) = store([record(frequency="7", lines=[line(fees=80_00)])], director)
    assert again.first_claim_id == rebill.pk
    second = store_one(record(frequency="7", lines=[line(fees=70_00)]), director)
    assert second.original == rebill


def test_nobody_voids_a_claim_of_a_department_that_they_do_not_see() -> None:
    theirs = make_claim(
        department=make_department("Theirs"), control_number="A-1", payer_claim_number="ICN-5"
    )
    biller = make_user("biller", departments=[make_department("Mine")])
    void = store_one(record("Z-9", frequency="8", original_number="ICN-5"), biller)
    theirs.refresh_from_db()
    assert (void.original, theirs.status) == (None, "submitted")


# Parties ---------------------------------------------------------------------------------------------


def test_a_person_of_one_department_need_not_name_it() -> None:
    mine = make_department("Mine")
    assert store_one(record(), make_user("biller", departments=[mine])).department == mine


@pytest.mark.parametrize("named", ["Theirs", "No such"])
def test_another_department_is_refused_in_the_same_words_whether_it_exists_or_not(named: str) -> None:
    make_department("Theirs")
    biller = make_user("biller", departments=[make_department("Mine")])
    (taken,) = store([record(department=named)], biller)
    assert reasons(taken) == [("department", "is not one of your departments")]
    assert not Claim.objects.exists()


def test_a_person_of_two_departments_is_asked_which() -> None:
    biller = make_user("biller", departments=[make_department("One"), make_department("Two")])
    (taken,) = store([record()], biller)
    assert "name one of your departments" in taken.problems[0].reason


def test_unknown_payers_and_departments_are_refused_or_created_as_is_set(
    director: User, settings: Any
) -> None:
    settings.UNKNOWN_PAYERS, settings.UNKNOWN_DEPARTMENTS = "refuse", "refuse"
    (taken,) = screen([record(payer="Nobody Knows", department="New")], intake_of(director))
    assert [field for field, _ in reasons(taken)] == ["department", "payer"]
    settings.UNKNOWN_PAYERS, settings.UNKNOWN_DEPARTMENTS = "create", "create"
    claim = store_one(record(payer="Nobody Knows", department="New"), director)
    assert claim.payer
    assert claim.department
    assert (claim.payer.name, claim.department.name) == ("Nobody Knows", "New")


def test_a_department_that_no_page_could_show_is_not_created(director: User, settings: Any) -> None:
    settings.UNKNOWN_DEPARTMENTS = "create"
    (taken,) = store([record(department="x" * 81)], director)
    assert reasons(taken) == [("department", "must be at most 80 characters")]


def test_payers_are_found_by_alias_for_the_kind_of_file_before_any_other(director: User) -> None:
    everywhere, in_tables = make_payer("Everywhere"), make_payer("In tables")
    PayerAlias.objects.create(payer=everywhere, alias="BLUE 7")
    PayerAlias.objects.create(payer=in_tables, alias="BLUE 7", used="csv")
    assert store_one(record(payer="blue  7"), director).payer == in_tables
    x12 = record("B-2", payer="Some Name", payer_id="Blue 7", group_number="1", transaction_number="1")
    assert store_one(x12, director).payer == everywhere


def test_a_patient_is_one_person_in_many_claims_and_belongs_to_their_departments(director: User) -> None:
    make_department("One"), make_department("Two")
    named = PatientRecord(patient_id="P-1")
    store([record(patient=named, department="One"), record("B-2", patient=named, department="Two")], director)
    patient = Patient.objects.get()
    assert sorted(each.name for each in patient.departments.all()) == ["One", "Two"]


def test_a_claim_in_an_assessed_patients_name_opens_no_door_to_their_symptoms(director: User) -> None:
    urgent = triage.register_patient(
        patient_id="P-1",
        symptoms="chest pain",
        actor=make_user("manager", departments=[make_department("Cardiology")]),
        request=RequestFactory().get("/"),
    )
    stranger = make_user("biller", departments=[make_department("Dental")])
    claim = store_one(record(patient=PatientRecord(patient_id="P-1")), stranger)
    assert claim.patient == urgent.patient
    assert not Patient.objects.visible_to(stranger).exists()


def test_an_x12_patient_is_known_by_name_birth_date_and_number_together(director: User) -> None:
    def of(first_name: str, member: str = "M1") -> PatientRecord:
        return PatientRecord("", "Doe", first_name, date(1980, 1, 2), member)

    people = [of("Jane"), of("JANE"), of("John"), of("Jane", "M2")]
    store([record(f"C-{number}", patient=each) for number, each in enumerate(people)], director)
    assert sorted(each.name for each in Patient.objects.all()) == ["Doe, JANE", "Doe, Jane", "Doe, John"]


def test_a_name_alone_makes_no_two_claims_one_persons(director: User) -> None:
    named = PatientRecord("", "Doe", "Jane")
    one, two = store([record(patient=named), record("B-2", patient=named)], director)
    ids = set(Claim.objects.filter(pk__in=[one.claim_id, two.claim_id]).values_list("patient", flat=True))
    assert len(ids) == 2
    assert None not in ids


def test_coverages_are_kept_once(director: User) -> None:
    covered = [line(plan_group="G", subscriber="S"), line(number=2, plan_group="G", subscriber="S")]
    store([record(lines=covered), record("B-2", lines=[line(plan_group="H", subscriber="S")])], director)
    assert sorted(each.plan_group for each in Coverage.objects.all()) == ["G", "H"]


def test_x12_claims_are_stored_with_the_sender_of_their_group(director: User) -> None:
    content = (SAMPLES / "professional_5010.edi").read_bytes()
    records = [each for each in read_x12(io.BytesIO(content)) if isinstance(each, ClaimRecord)]
    good = [each for each in records if not each.is_refused]
    taken = store(good, director)
    assert all(each.claim_id for each in taken)
    for each, claim_record in zip(taken, good, strict=True):
        claim = claim_of(each)
        assert claim.sender == claim_record.sender != ""
        assert claim.lines.count() == len(claim_record.lines)
        assert claim.patient
        assert claim.patient.name
        assert claim.patient.birth_date


def test_codes_too_long_for_any_payer_are_refused_and_not_cut_off(director: User) -> None:
    odd = record(lines=[line(revenue_code="12345678901"), line(number=2, modifiers=("A" * 16,) * 3)])
    (taken,) = store([odd], director)
    assert [field for field, _ in reasons(taken)] == ["revenue code", "modifiers"]


def test_one_claim_costs_few_queries(director: User, django_assert_max_num_queries: Any) -> None:
    store_one(record(payer="Northern", lines=[line(subscriber="S", plan_group="G")]), director)
    again = record("B-2", payer="Northern", lines=[line(subscriber="S", plan_group="G")])
    with django_assert_max_num_queries(13):
        store([again], director)
