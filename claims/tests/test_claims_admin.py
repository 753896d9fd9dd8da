"""Claims in the admin: found without counting, corrected with their lines, acted upon one by one."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from claims import changes
from claims.changes import Change
from claims.corrections import version_of
from claims.models import (
    Claim,
    ClaimLine,
    ClaimPayment,
    IdempotencyKey,
    LedgerEntry,
    OutboxMessage,
    Remittance,
)
from rcm_site.testing.makers import (
    make_claim,
    make_department,
    make_import,
    make_patient,
    make_payer,
    make_payment,
    make_provider,
    make_user,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/claims/claim/"
CHARGES = ["charge", "provider_fees", "allowed_fees", "coinsurance", "copay"]


@pytest.fixture(autouse=True)
def admin(sign_in: Any) -> Any:
    return sign_in("admin")


def page(claim: Claim) -> str:
    return reverse("admin:claims_claim_change", args=[claim.pk])


def filled(client: Client, address: str, **typed: Any) -> dict[str, Any]:
    """What a browser would send from the form at this address, with some fields typed anew."""
    response = client.get(address)
    form = response.context["adminform"].form
    sent = {name: form[name].value() for name in form.fields}
    for admin_formset in response.context["inline_admin_formsets"]:
        formset = admin_formset.formset
        for each in [formset.management_form, *formset.forms]:
            sent |= {each.add_prefix(name): each[name].value() for name in each.fields}
    return {name: value for name, value in (sent | typed).items() if value is not None}


def line(number: int, **fields: Any) -> dict[str, Any]:
    return {f"lines-{number}-{name}": value for name, value in fields.items()}


def errors_of(response: Any) -> str:
    """Whatever the page complains of, as text."""
    lists = re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', response.content.decode(), re.DOTALL)
    return re.sub(r"<[^>]+>", " ", " ".join(lists))


# The list --------------------------------------------------------------------------------------------


def test_the_list_counts_no_further_than_some_pages_and_asks_little(client: Client) -> None:
    payer, department = make_payer(), make_department()
    for _ in range(3):
        make_claim(fees=["10.00"], payer=payer, department=department)
    client.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as few:
        assert client.get(LIST).status_code == 200
    for _ in range(12):
        make_claim(fees=["10.00"], payer=make_payer(), department=department)
    with CaptureQueriesContext(connection) as more:
        client.get(LIST + "?status__exact=submitted&q=")
    assert len(more) <= len(few) + 1
    counts = [
        each["sql"] for each in [*few, *more] if "COUNT(*)" in each["sql"] and "claims_claim" in each["sql"]
    ]
    assert counts
    assert all("LIMIT" in sql for sql in counts)


def test_the_list_offers_pages_but_no_count_of_a_table_it_did_not_read(client: Client) -> None:
    make_claim()
    Claim.objects.bulk_create(Claim(number=1_000 + number, kind="dental", charge=0) for number in range(600))
    first = client.get(LIST)
    assert "more than 550 claims" in first.content.decode()
    last = client.get(LIST + "?p=13")
    assert len(last.context["cl"].result_list) == 1
    assert "601 claims" in last.content.decode()
    assert client.get(LIST + "?p=999999999999").status_code == 302


@pytest.mark.parametrize("field", ["control_number", "payer_claim_number", "number"])
def test_a_claim_is_found_by_each_of_its_numbers_exactly(client: Client, field: str) -> None:
    claim = make_claim(control_number="PCN-A-7", payer_claim_number="ICN-55")
    make_claim(control_number="PCN-A-77", payer_claim_number="ICN-555")
    term = str(claim) if field == "number" else getattr(claim, field)
    found = client.get(LIST, {"q": term}).context["cl"].result_list
    assert [each.pk for each in found] == [claim.pk]


@pytest.mark.parametrize("term", ["\0", "9" * 5_000, "１２", "C-", "' OR 1=1 --"])
def test_no_search_breaks_the_list(client: Client, term: str) -> None:
    make_claim()
    assert client.get(LIST, {"q": term}).status_code == 200


def test_a_search_uses_an_index_of_each_number(client: Client) -> None:
    make_claim(control_number="PCN-A-7")
    with CaptureQueriesContext(connection) as asked:
        client.get(LIST, {"q": "PCN-A-7"})
    searches = [each["sql"] for each in asked if "number\" = 'PCN-A-7'" in each["sql"]]
    assert len(searches) == 2
    for sql in searches:
        assert "one_claim_a_control_number" in plan(sql) or "claim_by_payer_number" in plan(sql)


def plan(sql: str) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return str(cursor.fetchall())


def test_the_list_is_filtered_by_a_payers_alias_and_by_year_month_and_day(client: Client) -> None:
    aetna = make_payer("Aetna")
    aetna.aliases.create(alias="AETNA US HEALTHCARE")
    claim = make_claim(payer=aetna, submitted_on=date(2026, 2, 28))
    make_claim(payer=make_payer("Cigna"), submitted_on=date(2026, 3, 1))
    for query in ["payer=aetna", "payer=Aetna  US healthcare", "submitted=2026-02", "submitted=2026-02-28"]:
        found = client.get(f"{LIST}?{query}").context["cl"].result_list
        assert [each.pk for each in found] == [claim.pk], query
    assert len(client.get(f"{LIST}?submitted=2026").context["cl"].result_list) == 2
    for nonsense in ["submitted=2026-13", "submitted=2026-02-31", "submitted=0000", "submitted=x"]:
        assert client.get(f"{LIST}?{nonsense}").status_code == 302, nonsense


# One claim -------------------------------------------------------------------------------------------


def test_opening_a_claim_is_audited_and_shows_its_history_but_no_patients_name(client: Client) -> None:
    patient = make_patient("MRN-77", name="Canary, Carla")
    claim = make_claim(fees=["10.00"], patient=patient)
    changes.change_status(claim=claim, to="pending", change=Change(make_user("admin"), note="called them"))
    content = client.get(page(claim)).content.decode()
    assert "status: pending" in content
    assert "called them" in content
    assert "Carla" not in content
    assert "MRN-77" not in content
    assert AuditEntry.objects.filter(action="claim.read", subject_id=str(claim.pk), outcome="done").exists()
    client.get(reverse("admin:claims_claim_change", args=["018f6a52-0000-7000-8000-000000000000"]))
    assert AuditEntry.objects.filter(action="claim.read", outcome="failed").exists()


def test_a_long_claim_is_shown_25_lines_at_a_time_with_few_queries(client: Client) -> None:
    claim = make_claim(fees=["1.00"] * 60)
    with CaptureQueriesContext(connection) as asked:
        client.get(page(claim))
    assert len(asked) <= 45
    for asked_for, count in (("", 25), ("?lines=2", 25), ("?lines=3", 10), ("?lines=99", 10)):
        formset = client.get(page(claim) + asked_for).context["inline_admin_formsets"][0].formset
        assert len(formset.forms) == count


def test_a_correction_changes_claim_and_lines_and_tells_the_payments_side(client: Client, admin: Any) -> None:
    claim = make_claim(fees=["10.00", "5.00"])
    other = make_provider("1999999984")
    typed = line(1, charge="7.00", provider_fees="7.00", npi=other.npi) | {"charge": "17.00", "note": "typo"}
    response = client.post(page(claim), filled(client, page(claim), **typed))
    assert response.status_code == 302, errors_of(response)
    claim.refresh_from_db()
    assert claim.charge == Decimal("17.00")
    changed = claim.lines.get(number=2)
    assert (changed.charge, changed.net_fee, changed.provider) == (7, 7, other)
    event = claim.events.get()
    assert (event.action, event.note, event.actor) == ("corrected: charge, line 2", "typo", admin)
    told = OutboxMessage.objects.get(claim=claim)
    assert (told.net_fee, told.reason) == (17, "corrected")
    entry = AuditEntry.objects.get(action="claim.changed")
    assert entry.details["changes"] == {"charge": ["15.00", "17.00"]}
    assert entry.details["lines"]["line 2"]["charge"] == ["5.00", "7.00"]


def test_a_line_is_added_with_the_next_number_and_another_taken_out(client: Client) -> None:
    claim = make_claim(fees=["10.00", "5.00"])
    new = dict.fromkeys(CHARGES, "0") | {"procedure": "D0120", "charge": "10.00", "provider_fees": "10.00"}
    typed = line(0, DELETE="on") | line(2, **new) | {"lines-TOTAL_FORMS": "3"}
    response = client.post(page(claim), filled(client, page(claim), **typed))
    assert response.status_code == 302, errors_of(response)
    assert list(claim.lines.values_list("number", "charge")) == [(2, Decimal("5.00")), (3, Decimal("10.00"))]
    assert claim.events.get().action == "corrected: line 1, line 3"


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ({"charge": "16.00"}, "add up to $15.00, but the claim"),
        (line(0, charge="9.00"), "add up to $14.00, but the claim"),
        (line(0, charge="-10.00"), "greater than or equal to 0"),
        ({"charge": "1e999"}, "no more than 17 digits"),
        ({"charge": "NaN"}, "Enter a number"),
        ({"charge": "100000000.00"}, "less than or equal to 99999999.99"),
        (line(0, procedure="99213"), "must be a D and 4 digits"),
        (line(0, procedure=""), "names a procedure or a revenue code"),
        (line(0, npi="1000000"), "An NPI is 10 digits"),
        (line(0, npi="1000000099"), "No provider has this NPI yet"),
        ({"service_from": "2026-03-02", "service_to": "2026-03-01"}, "ends before it begins"),
        ({"service_from": "0099-03-02"}, "between 1900 and a year from now"),
        ({"payer": "999999"}, "valid choice"),
        ({"payer": "x", "assignee": "\uff11", "provider": "9" * 30}, "valid choice"),
        ({"patient": "x", "department": "x"}, "valid choice"),
        ({"diagnoses": "A\u202eB"}, "one line of plain text"),
        ({"seen": "another state"}, "has changed since you opened it"),
    ],
)
def test_a_form_that_breaks_an_invariant_changes_nothing(
    client: Client, typed: dict[str, str], complaint: str
) -> None:
    claim = make_claim(fees=["10.00", "5.00"])
    before = version_of(claim.pk)
    response = client.post(page(claim), filled(client, page(claim), **typed))
    assert response.status_code == 200
    assert complaint in errors_of(response).replace("&#x27;", "'")
    assert version_of(claim.pk) == before
    assert not claim.events.exists()
    assert not OutboxMessage.objects.exists()


def test_status_and_amounts_that_follow_from_payments_cannot_be_typed(client: Client) -> None:
    claim = make_claim(fees=["10.00"])
    forged = {"status": "paid", "paid": "10.00", "balance": "0", "number": "1", "control_number": "MINE"}
    response = client.post(page(claim), filled(client, page(claim), **forged))
    assert response.status_code == 302
    after = Claim.objects.get(pk=claim.pk)
    assert (after.status, after.paid, after.balance) == ("submitted", 0, 10)
    assert (after.number, after.control_number) == (claim.number, claim.control_number)


@pytest.mark.parametrize("status", ["void", "written_off"])
def test_the_money_of_a_settled_claim_stays_but_its_payer_can_be_put_right(
    client: Client, status: str
) -> None:
    claim = make_claim(fees=["10.00"])
    changes.change_status(claim=claim, to=status, change=Change(make_user("admin")))
    typed = line(0, charge="11.00", provider_fees="11.00") | {"charge": "11.00"}
    refused = client.post(page(claim), filled(client, page(claim), **typed))
    assert "its charge and lines stay" in errors_of(refused)
    payer = make_payer()
    assert client.post(page(claim), filled(client, page(claim), payer=payer.pk)).status_code == 302
    assert Claim.objects.get(pk=claim.pk).payer == payer


def test_a_claim_that_came_in_out_of_balance_can_still_be_given_a_payer(client: Client) -> None:
    claim = make_claim(fees=["10.00"], charge=Decimal("12.00"))
    response = client.post(page(claim), filled(client, page(claim), payer=make_payer().pk))
    assert response.status_code == 302


def test_whoever_works_a_claim_sees_its_new_department(client: Client) -> None:
    imaging, surgery = make_department("Imaging"), make_department("Surgery")
    claim = make_claim(department=imaging, assignee=make_user(departments=[imaging]), patient=make_patient())
    client.post(page(claim), filled(client, page(claim), department=surgery.pk))
    assert Claim.objects.get(pk=claim.pk).department == imaging
    client.post(page(claim), filled(client, page(claim), department=surgery.pk, assignee=""))
    after = Claim.objects.get(pk=claim.pk)
    assert (after.department, after.assignee) == (surgery, None)
    assert after.patient is not None
    assert surgery in after.patient.departments.all()


def test_a_line_that_a_payer_has_decided_is_not_taken_out(client: Client) -> None:
    claim = make_claim(fees=["10.00"])
    payment = ClaimPayment.objects.create(claim=claim, state="posted")
    payment.services.create(place=1, line=claim.lines.get())
    client.post(page(claim), filled(client, page(claim), **line(0, DELETE="on")))
    assert claim.lines.count() == 1


def test_a_claim_typed_by_hand_is_received_numbered_and_told(client: Client, admin: Any) -> None:
    provider = make_provider("1234567893")
    money = {
        "charge": "20.00",
        "provider_fees": "20.00",
        "allowed_fees": "5.00",
        "coinsurance": "1.00",
        "copay": "0",
    }
    typed = {"kind": "dental", "control_number": "HAND-1", "charge": "20.00", "lines-TOTAL_FORMS": "1"}
    typed |= line(0, procedure="D1110", service_date="2026-11-02", npi=provider.npi, **money)
    address = reverse("admin:claims_claim_add")
    response = client.post(address, filled(client, address, **typed))
    assert response.status_code == 302, errors_of(response)
    claim = Claim.objects.get(control_number="HAND-1")
    assert (claim.status, claim.balance, claim.lines.get().net_fee) == ("submitted", 20, 16)
    assert [(each.action, each.actor) for each in claim.events.all()] == [("received", admin)]
    told = OutboxMessage.objects.get(claim=claim)
    assert (told.reason, told.net_fee, told.shares) == ("accepted", 16, [["1234567893", 1600]])
    assert AuditEntry.objects.filter(action="claim.added", subject_id=str(claim.pk)).count() == 1
    again = client.post(address, filled(client, address, **typed))
    assert f"{claim} has this control number already" in errors_of(again)


# Actions ---------------------------------------------------------------------------------------------


def act(client: Client, action: str, claims: list[Claim], **typed: Any) -> Any:
    sent = {"action": action, "_selected_action": [str(claim.pk) for claim in claims], **typed}
    return client.post(LIST, sent, follow=True)


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_voiding_asks_first_and_tells_of_each_that_was_void_already(client: Client) -> None:
    good, void = make_claim(fees=["1.00"]), make_claim(fees=["1.00"])
    changes.void(claim=void, change=Change(make_user("admin")))
    assert "Void these claims?" in act(client, "void", [good, void]).content.decode()
    assert Claim.objects.get(pk=good.pk).status == "submitted"
    response = act(client, "void", [good, void], apply="yes", note="sent twice")
    assert said(response) == ["Claims voided: 1.", f"{void}: It is void already."]
    assert Claim.objects.get(pk=good.pk).status == "void"
    assert good.events.get().note == "sent twice"


def test_claims_are_given_to_whoever_sees_them(client: Client) -> None:
    imaging = make_department("Imaging")
    colleague = make_user(departments=[imaging])
    inside, outside = make_claim(department=imaging), make_claim(department=make_department("Surgery"))
    response = act(client, "reassign", [inside, outside], apply="yes", assignee=colleague.pk)
    assert said(response)[0] == "Claims given away: 1."
    assert "does not see claim" in said(response)[1]
    assert list(colleague.claims.all()) == [inside]


def test_marking_as_paid_books_the_balance_or_one_amount(client: Client) -> None:
    one, other = make_claim(fees=["10.00"]), make_claim(fees=["20.00"], paid=Decimal("5.00"))
    today = timezone.localdate()
    both = act(client, "mark_paid", [one, other], apply="yes", amount="3.00", paid_on=today)
    assert "One amount is for one claim" in both.content.decode()
    act(client, "mark_paid", [one], apply="yes", amount="3.00", paid_on=today)
    response = act(client, "mark_paid", [one, other], apply="yes", amount="", paid_on=today)
    assert said(response) == ["Claims marked as paid: 2."]
    paid = Claim.objects.order_by("number").values_list("status", "paid", "balance")
    assert list(paid) == [("paid", 10, 0), ("paid", 20, 0)]
    assert said(act(client, "mark_paid", [one], apply="yes", paid_on=today)) == [
        f"{one}: A payment is more than nothing."
    ]
    tomorrow = act(client, "mark_paid", [one], apply="yes", paid_on=date(today.year + 1, 1, 1))
    assert "on the day it came" in tomorrow.content.decode()


def test_no_action_is_for_all_pages_at_once(client: Client) -> None:
    claim = make_claim()
    assert act(client, "void", [claim], select_across="1", index="0", apply="yes").status_code == 400
    assert Claim.objects.get(pk=claim.pk).status == "submitted"


def test_nothing_of_a_claim_can_be_deleted(client: Client) -> None:
    claim = make_claim(fees=["1.00"])
    assert (
        client.post(reverse("admin:claims_claim_delete", args=[claim.pk]), {"post": "yes"}).status_code == 403
    )
    act(client, "delete_selected", [claim], post="yes")
    assert Claim.objects.filter(pk=claim.pk).exists()
    assert ClaimLine.objects.filter(claim=claim).exists()


# Payers, providers, remittances, what went downstream ------------------------------------------------


def test_an_alias_is_kept_in_the_spelling_by_which_files_are_matched(client: Client) -> None:
    payer = make_payer("Aetna")
    address = reverse("admin:claims_payer_change", args=[payer.pk])
    typed = {
        "aliases-TOTAL_FORMS": "1",
        "aliases-0-alias": "  Aetna  US healthcare ",
        "aliases-0-used": "835",
    }
    assert client.post(address, filled(client, address, **typed)).status_code == 302
    assert payer.aliases.values_list("alias", "used").get() == ("AETNA US HEALTHCARE", "835")


def test_an_npi_with_a_wrong_check_digit_is_taken_with_a_warning(client: Client) -> None:
    address = reverse("admin:claims_provider_add")
    response = client.post(address, {"npi": "1234567890", "name": "Dr Who", "is_active": "on"}, follow=True)
    assert any("check digit" in each for each in said(response))
    client.post(address, {"npi": "12345", "name": "Dr Who", "is_active": "on"})
    assert list(client.get("/admin/claims/provider/").context["cl"].result_list.values_list("npi")) == [
        ("1234567890",)
    ]


def test_a_remittances_payer_can_be_put_right_and_its_amounts_cannot(client: Client) -> None:
    remittance = Remittance.objects.create(
        source=make_import(), place=1, amount=Decimal("5.00"), trace_number="T-1", identity="x"
    )
    payer, address = make_payer(), reverse("admin:claims_remittance_change", args=[remittance.pk])
    typed = {"payer": payer.pk, "amount": "9.00", "paid_on": "2026-11-02"}
    assert client.post(address, filled(client, address, **typed)).status_code == 302
    remittance.refresh_from_db()
    assert (remittance.payer, remittance.amount, remittance.paid_on) == (payer, 5, date(2026, 11, 2))
    details = AuditEntry.objects.get(action="remittance.changed").details
    assert details["changes"]["paid_on"] == [None, "2026-11-02"]
    ClaimPayment.objects.create(remittance=remittance, claim=make_claim(), state="posted")
    assert "paid_on" not in client.get(address).context["adminform"].form.fields


@pytest.mark.parametrize("model", ["outboxmessage", "ledgerentry", "importchunk", "idempotencykey"])
def test_what_went_downstream_is_only_looked_at(client: Client, model: str) -> None:
    claim = make_claim()
    make = {
        "outboxmessage": lambda: claim.messages.create(net_fee=1),
        "ledgerentry": lambda: LedgerEntry.objects.create(message_id=claim.pk, claim_id=claim.pk, net_fee=1),
        "importchunk": lambda: make_import().chunks.create(number=1, first_record=1, records=1),
        "idempotencykey": lambda: IdempotencyKey.objects.create(
            user=make_user(), key="k", fingerprint="f", status=201, answer={"a": "secret answer"}
        ),
    }
    row = make[model]()
    address = reverse(f"admin:claims_{model}_change", args=[row.pk])
    response = client.get(address)
    assert response.status_code == 200
    assert "secret answer" not in response.content.decode()
    assert client.post(address, {}).status_code == 403
    assert client.get(reverse(f"admin:claims_{model}_add")).status_code == 403
    assert client.get(f"/admin/claims/{model}/").status_code == 200


def test_a_message_that_was_given_up_is_sent_again_and_others_are_left_alone(client: Client) -> None:
    claim = make_claim()
    dead = claim.messages.create(net_fee=1, state="dead", attempts=3)
    done = claim.messages.create(net_fee=1, state="delivered", attempts=1)
    sent = {"action": "send_again", "_selected_action": [str(dead.pk), str(done.pk)]}
    response = client.post("/admin/claims/outboxmessage/", sent, follow=True)
    assert said(response) == ["Messages sent again: 1. Others were not given up."]
    states = OutboxMessage.objects.order_by("created_at").values_list("state", "attempts")
    assert list(states) == [("waiting", 0), ("delivered", 1)]
    assert AuditEntry.objects.filter(action="payments.replayed").exists()


def test_two_payers_of_one_name_are_not_told_apart_by_capitals(client: Client) -> None:
    make_payer("Aetna")
    address = reverse("admin:claims_payer_add")
    response = client.post(address, filled(client, address, name="AETNA"))
    assert "in other capitals" in errors_of(response)


def test_a_payment_that_waited_is_booked_when_its_claim_is_typed(client: Client) -> None:
    payment = make_payment(control_number="HAND-2", state="unmatched", charge=Decimal(50), paid=Decimal(50))
    address = reverse("admin:claims_claim_add")
    typed = {"kind": "dental", "control_number": "HAND-2", "charge": "50.00"}
    response = client.post(address, filled(client, address, **typed))
    assert response.status_code == 302, errors_of(response)
    payment.refresh_from_db()
    assert (payment.state, payment.claim and payment.claim.paid) == ("posted", Decimal(50))
