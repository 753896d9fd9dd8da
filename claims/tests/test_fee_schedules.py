"""What fee schedules say of claims: which row holds, and what a claim is expected to bring by it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from claims.changes import Change
from claims.contracts import expecting
from claims.contracts.expecting import catch_up, expect, look_at_everything
from claims.contracts.schedules import note_change, overlapping, prices
from claims.corrections import Lines, correct, version_of
from claims.models import Claim, ClaimLine, ContractChange, Expectation, FeeSchedule, Payer
from rcm_site.testing.makers import make_claim, make_payer, make_user

from .test_admin_import_export import actions, preview, take_in

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2026, 1, 1), date(2026, 6, 30)
MAY = date(2026, 5, 5)


@pytest.fixture
def aetna() -> Payer:
    return make_payer("Aetna")


def agree(payer: Payer, procedure: str, amount: str, modifier: str = "", **days: Any) -> FeeSchedule:
    days = {"valid_from": FIRST} | days
    return FeeSchedule.objects.create(
        payer=payer, procedure=procedure, modifier=modifier, amount=Decimal(amount), **days
    )


def bill(payer: Payer | None, *lines: tuple[str, ...], **fields: Any) -> Claim:
    """A claim with one line a procedure, its modifiers, its units and its charge; one line charges it all."""
    fields = {"charge": 900, "service_from": MAY, "kind": "professional", **fields}
    claim = make_claim(payer=payer, **fields)
    alone = claim.charge if len(lines) == 1 else None
    for number, (procedure, modifiers, units, *charge) in enumerate(lines, 1):
        service = {"procedure": procedure, "modifiers": modifiers, "units": units}
        of_line = Decimal(charge[0]) if charge else alone
        ClaimLine.objects.create(claim=claim, number=number, charge=of_line, **service)
    return claim


def price(payer: Payer, procedure: str, modifiers: str = "", units: str = "1", day: date = MAY) -> Any:
    claim = bill(payer, (procedure, modifiers, units))
    return prices([(claim.pk, payer.pk, day)])[claim.pk][1]


def expected(claim: Claim) -> Any:
    expect([claim.pk])
    claim.refresh_from_db()
    return claim.expected


# Which row holds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "amount"),
    [
        (date(2025, 12, 31), None),
        (FIRST, "80.00"),
        (LAST, "80.00"),
        (date(2026, 7, 1), "84.50"),
        (date(2031, 1, 1), "84.50"),
    ],
)
def test_both_the_first_and_the_last_day_are_within(aetna: Payer, day: date, amount: str | None) -> None:
    agree(aetna, "99213", "80.00", valid_to=LAST)
    agree(aetna, "99213", "84.50", valid_from=date(2026, 7, 1))
    assert price(aetna, "99213", day=day) == (Decimal(amount) if amount else None)


@pytest.mark.parametrize(
    ("modifiers", "amount"),
    [
        ("", "100"),
        ("59", "100"),
        ("26", "30"),
        ("59 26", "30"),
        ("TC 26", "70"),  # of two with a row the first that is billed
        ("26 TC", "30"),
        ("tc", "70"),
    ],
)
def test_a_modifier_of_its_own_goes_before_any(aetna: Payer, modifiers: str, amount: str) -> None:
    for modifier, agreed in (("", "100"), ("26", "30"), ("TC", "70")):
        agree(aetna, "71046", agreed, modifier)
    assert price(aetna, "71046", modifiers) == Decimal(amount)


def test_a_modifier_without_a_row_is_nothing_where_there_is_none_for_any(aetna: Payer) -> None:
    agree(aetna, "71046", "30", "26")
    assert price(aetna, "71046", "26") == 30
    assert price(aetna, "71046") is None
    assert price(make_payer("Cigna"), "71046", "26") is None


@pytest.mark.parametrize(
    ("units", "amount"),
    [
        ("1", "33.33"),
        ("3", "99.99"),
        ("", "33.33"),
        ("1.5", "50.00"),  # 49.995, half a cent up
        ("0.5", "16.67"),
        ("two", None),
        ("-1", None),
    ],
)
def test_units_multiply_to_the_cent(aetna: Payer, units: str, amount: str | None) -> None:
    agree(aetna, "97110", "33.33")
    assert price(aetna, "97110", units=units) == (Decimal(amount) if amount else None)


@pytest.mark.parametrize(
    ("start", "end", "clashes"),
    [
        (date(2026, 7, 1), None, False),
        (LAST, None, True),
        (date(2025, 1, 1), date(2025, 12, 31), False),
        (date(2025, 1, 1), FIRST, True),
        (date(2026, 3, 1), date(2026, 3, 1), True),
        (date(2025, 1, 1), None, True),
    ],
)
def test_no_two_rows_hold_on_one_day(aetna: Payer, start: date, end: date | None, clashes: bool) -> None:
    agree(aetna, "99213", "80.00", valid_to=LAST)
    other = FeeSchedule(payer=aetna, procedure="99213", amount=90, valid_from=start, valid_to=end)
    assert (overlapping(other) is not None) == clashes
    for free in ({"modifier": "25"}, {"procedure": "99214"}, {"payer": make_payer("Cigna")}):
        fields = {"payer": aetna, "procedure": "99213", "modifier": ""} | free
        assert overlapping(FeeSchedule(valid_from=start, valid_to=end, amount=1, **fields)) is None
    if connection.vendor == "postgresql" and clashes:
        with pytest.raises(IntegrityError), transaction.atomic():
            other.save()
    else:
        other.save()


# What claims are expected to bring -------------------------------------------------------------------


def test_a_claim_is_expected_to_bring_what_its_lines_are_worth(aetna: Payer) -> None:
    agree(aetna, "99213", "80.00")
    agree(aetna, "97110", "33.33")
    claim = bill(aetna, ("99213", "25", "1"), ("97110", "", "2"))
    assert expected(claim) == Decimal("146.66")
    assert claim.expectation.stated is None


def test_a_claim_with_a_line_that_has_no_price_keeps_its_own_amount(aetna: Payer) -> None:
    agree(aetna, "99213", "80.00")
    assert expected(bill(aetna, ("99213", "", "1"), ("J9271", "", "1"))) is None
    assert expected(bill(aetna, ("J9271", "", "1"), expected=Decimal(70))) == 70
    assert expected(bill(aetna)) is None
    assert expected(bill(None, ("99213", "", "1"), expected=Decimal(70))) == 70
    assert not Expectation.objects.exists()


def test_a_further_payer_is_not_expected_to_pay_it_all_again(aetna: Payer) -> None:
    agree(aetna, "99213", "80.00")
    assert expected(bill(aetna, ("99213", "", "1"), responsibility="S")) is None
    assert expected(bill(aetna, ("99213", "", "1"), responsibility="P")) == 80


def test_the_schedule_goes_before_what_a_file_said_which_comes_back_without_it(aetna: Payer) -> None:
    row = agree(aetna, "99213", "80.00")
    claim = bill(aetna, ("99213", "", "1"), expected=Decimal(70))
    assert expected(claim) == 80
    row.amount = Decimal(85)
    row.save()
    assert expected(claim) == 85
    assert claim.expectation.stated == 70
    row.delete()
    assert expected(claim) == 70
    assert not Expectation.objects.exists()


def test_what_somebody_types_over_it_stays(aetna: Payer) -> None:
    row = agree(aetna, "99213", "80.00")
    claim = bill(aetna, ("99213", "", "1"))
    assert expected(claim) == 80
    typed = {"expected": Decimal("95.00")}
    change = Change(make_user("admin"))
    correct(claim=claim, wanted=typed, lines=Lines(), seen=version_of(claim.pk), change=change)
    assert expected(claim) == 95
    row.amount = Decimal(85)
    row.save()
    assert expected(claim) == 95


def test_a_line_that_is_corrected_is_priced_anew(aetna: Payer) -> None:
    agree(aetna, "99213", "80.00")
    agree(aetna, "99214", "120.00")
    claim = bill(aetna, ("99213", "", "1"))
    assert expected(claim) == 80
    line = claim.lines.get()
    line.procedure, line.charge = "99214", claim.charge
    change = Change(make_user("admin"))
    correct(claim=claim, wanted={}, lines=Lines([line]), seen=version_of(claim.pk), change=change)
    claim.refresh_from_db()
    assert claim.expected == 120


def test_a_changed_schedule_reaches_its_payers_claims_batch_by_batch(
    aetna: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expecting, "AT_ONCE", 2)
    claims = [bill(aetna, ("99213", "", "1")) for _ in range(5)]
    other = bill(make_payer("Cigna"), ("99213", "", "1"))
    agree(aetna, "99213", "80.00")
    note_change([aetna])
    assert catch_up(3) == 4  # stopped here, as a worker may be
    assert Claim.objects.filter(expected=80).count() == 4
    assert catch_up(100) == 1
    assert {each.expected for each in Claim.objects.filter(pk__in=[each.pk for each in claims])} == {80}
    other.refresh_from_db()
    assert other.expected is None
    assert not ContractChange.objects.exists()


def test_everything_is_put_right_by_night(aetna: Payer) -> None:
    """However it went past us: here straight into the database."""
    claim = bill(aetna, ("99213", "", "1"))
    agree(aetna, "99213", "80.00")
    look_at_everything()
    assert catch_up(100) == 1
    claim.refresh_from_db()
    assert claim.expected == 80


# In and out as CSV -----------------------------------------------------------------------------------

FEES = "/admin/claims/feeschedule/"
HEADINGS = "payer,procedure,modifier,valid_from,valid_to,amount\n"


@pytest.fixture
def admin(sign_in: Any) -> Any:
    return sign_in("admin")


def test_a_schedule_is_previewed_taken_in_audited_and_noted(admin: Any, client: Client, aetna: Payer) -> None:
    agree(aetna, "99213", "80.00")
    text = (
        f"{HEADINGS}AETNA,99213,,2026-01-01,06/30/2026,80\n"
        "Aetna,99213,,2026-07-01,,$84.50\nAetna,71046,tc,2026-01-01,,30.25\n"
    )
    page = preview(client, FEES, text).content.decode()
    assert "2026-06-30" in page
    assert FeeSchedule.objects.count() == 1
    assert not ContractChange.objects.exists()
    response = take_in(client, FEES, text)
    assert "2 new, 1 updated" in str(next(iter(response.context["messages"])))
    columns = ("procedure", "modifier", "valid_from", "valid_to", "amount")
    assert list(FeeSchedule.objects.values_list(*columns)) == [
        ("71046", "TC", FIRST, None, Decimal("30.25")),
        ("99213", "", FIRST, LAST, Decimal("80.00")),
        ("99213", "", date(2026, 7, 1), None, Decimal("84.50")),
    ]
    assert ContractChange.objects.get().payer == aetna
    assert actions() == [
        "feeschedule.changed",
        "feeschedule.added",
        "feeschedule.added",
        "feeschedule.imported",
    ]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("Nobody,99214,,2026-01-01,,90", "payer", "is not a payer here"),
        ("Aetna,,,2026-01-01,,90", "procedure", "blank"),
        ("Aetna,99214,253,2026-01-01,,90", "modifier", "two letters or digits"),
        ("Aetna,99214,,,,90", "valid_from", "is missing"),
        ("Aetna,99214,,2026-13-01,,90", "valid_from", "must be a day"),
        ("Aetna,99214,,2026-01-01,2025-12-31,90", "valid_to", "before the first day"),
        ("Aetna,99214,,2026-01-01,,", "amount", "is missing"),
        ("Aetna,99214,,2026-01-01,,1.005", "amount", "at most two decimals"),
        ("Aetna,99214,,2026-01-01,,-1", "amount", "greater than or equal to 0"),
        ("Aetna,99214,,2026-01-01,,ninety", "amount", "at most two decimals"),
        ("Aetna,99213,,2026-03-01,,90", "valid_from", "overlaps with the row from 2026-01-01"),
        ("aetna,99213,,01/01/2026,,90", "procedure", "stands in row 2 already"),
    ],
)
def test_a_broken_file_names_row_and_field_and_loses_nothing(
    admin: Any, client: Client, aetna: Payer, row: str, field: str, reason: str
) -> None:
    agree(aetna, "97110", "40.00")
    response = preview(client, FEES, f"{HEADINGS}Aetna,99213,,2026-01-01,,80\n{row}\n")
    page = response.content.decode()
    assert reason in page
    assert f"<td>3</td><td>{field}</td>" in page  # as a spreadsheet counts, with the headings
    invalid = response.context["result"].invalid_rows
    assert [(each.number, list(each.error_dict)) for each in invalid] == [(2, [field])]
    assert response.context.get("confirm_form") is None
    assert FeeSchedule.objects.get().procedure == "97110"


def test_what_goes_out_can_come_in_again(admin: Any, client: Client, aetna: Payer) -> None:
    agree(aetna, "99213", "80.00", valid_to=LAST)
    agree(aetna, "71046", "30.25", "TC")
    text = client.get(f"{FEES}export/").content.decode()
    assert text == (
        "\ufeffpayer,procedure,modifier,valid_from,valid_to,amount\r\n"
        "Aetna,71046,TC,2026-01-01,,30.25\r\nAetna,99213,,2026-01-01,2026-06-30,80.00\r\n"
    )
    assert "0 new, 0 updated" in str(next(iter(take_in(client, FEES, text).context["messages"])))
    assert not ContractChange.objects.exists()


def test_a_row_typed_in_may_not_overlap_and_is_noted(admin: Any, client: Client, aetna: Payer) -> None:
    row = agree(aetna, "99213", "80.00")
    sent = {"payer": aetna.pk, "procedure": "99213", "modifier": "", "amount": "90", "valid_to": ""}
    page = client.post(f"{FEES}add/", sent | {"valid_from": "2026-05-01"})
    assert "overlaps with the row from 2026-01-01" in page.content.decode()
    changed = client.post(f"{FEES}{row.pk}/change/", sent | {"valid_from": "2026-05-01"})
    assert changed.status_code == 302
    assert FeeSchedule.objects.get().valid_from == date(2026, 5, 1)
    assert ContractChange.objects.get().payer == aetna
    client.post(f"{FEES}{row.pk}/delete/", {"post": "yes"})
    assert not FeeSchedule.objects.exists()
    assert ContractChange.objects.count() == 2


def test_a_claim_says_that_its_expected_amount_is_the_schedules(
    client: Client, sign_in: Any, aetna: Payer
) -> None:
    sign_in("director")
    agree(aetna, "99213", "80.00")
    claim = bill(aetna, ("99213", "", "1"), expected=Decimal(70))
    assert "fee schedule" not in client.get(f"/claims/{claim.pk}/").text
    expect([claim.pk])
    assert (
        "by the fee schedule of Aetna; the claim itself said $70.00"
        in client.get(f"/claims/{claim.pk}/").text
    )
