"""What payers owe us, and how old it is: the page's figures against the KPIs and the claims behind them."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Department
from analytics.aging import aging_trend
from analytics.catalogue import figures
from analytics.kpis import KPIS
from analytics.pages.receivables import CARDS
from analytics.periods import Period, Step
from analytics.receivables import DAYS_IN_AR, days_in_ar, ends
from analytics.scopes import Scope
from claims.models import Claim, Payer
from rcm_site.testing.makers import make_claim, make_department, make_patient, make_payer, make_payment

from .test_denials_page import claims_behind

pytestmark = pytest.mark.django_db
ASKED = "?period=last_90_days"


def owe(payer: Payer | None, department: Department, days: int, charge: str, **fields: Any) -> Claim:
    """A claim that has been waiting for so many days."""
    day = timezone.localdate() - timedelta(days=days)
    given: dict[str, Any] = {"status": "pending", "submitted_on": day, "charge": Decimal(charge)} | fields
    return make_claim(payer=payer, department=department, **given)


@pytest.fixture
def owed() -> dict[str, Any]:
    """$1,000 open: 500 young, 200 and 300 old; 50 paid too much; a claim of 400 that was paid 10 days ago."""
    heart, bones = make_department("Heart"), make_department("Bones")
    aetna, cigna = make_payer("Aetna"), make_payer("Cigna")
    today = timezone.localdate()
    patient = make_patient(name="Nora Young", departments=[heart])
    owe(aetna, heart, 3, "500.00", patient=patient)
    owe(aetna, bones, 100, "200.00")
    owe(None, heart, 150, "300.00")
    paid_on = today - timedelta(days=10)
    closed = {"status": "paid", "decided_on": paid_on, "paid_on": paid_on}
    for charge, paid in (("100.00", "150.00"), ("400.00", "400.00")):
        claim = owe(cigna, heart, 40, charge, paid=Decimal(paid), **closed)
        make_payment(claim=claim, paid=Decimal(paid), paid_on=paid_on)
    return {"heart": heart, "bones": bones, "aetna": aetna, "cigna": cigna, "today": today}


def test_cards_bars_and_totals_are_the_kpis(client: Client, sign_in: Any, owed: dict[str, Any]) -> None:
    sign_in("director")
    page = client.get(f"/receivables/{ASKED}").context
    period = Period(owed["today"] - timedelta(days=89), owed["today"])
    found = figures(CARDS, Scope(None, today=owed["today"]), period)
    cards = {card.label: card.value for card in page["cards"]}
    assert cards["Open A/R"] == "$1,000"
    assert cards["Aged A/R over 90 days"] == KPIS["aged_ar_over_90"].words(found["aged_ar_over_90"].value)
    assert cards["Credit balances"] == "$50.00"
    for name in ("payers", "departments"):
        totals = [cell.text for cell in page[name].totals]
        assert totals == [
            *(
                "All",
                "$500.00",
                "$0.00",
                "$0.00",
                "$200.00",
                "$300.00",
                "$1,000",
                "100.0%",
                "3",
                "50.0%",
                "$50.00",
            ),
        ]
    ages = [[cell.text for cell in row.cells] for row in page["ages"].rows]
    assert ages[0] == ["0–30 days", "1", "$500.00", "50.0%"]
    assert ages[4] == ["Over 120 days", "1", "$300.00", "30.0%"]
    assert page["answer"] == (
        f"On {owed['today'].day} {owed['today']:%b %Y} payers owed us $1,000 on 3 claims, "
        "50.0% of it for more than 90 days. Aetna owes most, 70.0% of it."
    )


def test_every_amount_leads_to_its_claims(client: Client, sign_in: Any, owed: dict[str, Any]) -> None:
    sign_in("director")
    page = client.get(f"/receivables/{ASKED}").context
    for name in ("payers", "departments"):
        for row in page[name].rows:
            assert row.cells[8].text == str(claims_behind(str(row.url)))
            for cell in [*row.cells[1:6], row.cells[10]]:
                if cell.url:
                    assert cell.title.endswith(f" on {claims_behind(cell.url)} claims")
    for row in page["ages"].rows:
        assert row.cells[1].text == str(claims_behind(str(row.url)))


def test_a_trend_ends_with_what_the_cards_say(owed: dict[str, Any]) -> None:
    scope, period = (
        Scope(None, today=owed["today"]),
        Period(owed["today"] - timedelta(days=89), owed["today"]),
    )
    for step, n in ((Step.MONTH, 12), (Step.WEEK, 26)):
        stood = aging_trend(scope, ends(period.end, step))
        course = days_in_ar(scope, stood, period.days)
        assert len(course) == n
        for day, found in (course[-1], course[-2]):
            same = figures(DAYS_IN_AR, scope, Period(day - timedelta(days=89), day))
            assert {key: each.value for key, each in found.items()} == {
                key: each.value for key, each in same.items()
            }


def test_the_last_days_of_months_come_before_any_day() -> None:
    assert ends(date(2026, 3, 15), Step.MONTH)[-3:] == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 15),
    ]
    assert ends(date(2026, 2, 28), Step.MONTH)[-2:] == [date(2026, 1, 31), date(2026, 2, 28)]


def test_a_past_period_stands_as_it_was_on_its_last_day(
    client: Client, sign_in: Any, owed: dict[str, Any]
) -> None:
    sign_in("director")
    end = owed["today"] - timedelta(days=20)
    page = client.get(f"/receivables/?start={end - timedelta(days=29)}&end={end}")
    assert page.context["cards"][0].value == "$1,000"  # 200 + 300, and 500 that have been paid since
    assert page.context["payers"].rows[0].cells[0].text == "Cigna"
    assert f"On {end.day} {end:%b %Y} payers owed us" in page.context["answer"]
    assert "not on the last day of the period" in page.text
    assert "than on" in page.context["cards"][0].change.text


def test_largest_and_oldest_open_claims_come_first_and_are_audited(
    client: Client, sign_in: Any, owed: dict[str, Any]
) -> None:
    sign_in("biller", departments=[owed["heart"], owed["bones"]])
    page = client.get(f"/receivables/{ASKED}")
    amounts = {name: [row.cells[6].text for row in page.context[name].rows] for name in ("largest", "oldest")}
    assert amounts == {
        "largest": ["$500.00", "$300.00", "$200.00"],
        "oldest": ["$300.00", "$200.00", "$500.00"],
    }
    assert "Nora Young" in page.text
    assert AuditEntry.objects.get(action="claims.read").details["rows"] == 3


def test_an_analyst_reads_no_patient(client: Client, sign_in: Any, owed: dict[str, Any]) -> None:
    sign_in("analyst")
    assert "Nora Young" not in client.get(f"/receivables/{ASKED}").text
    file = client.get(f"/receivables/{ASKED}&export=largest&format=csv")
    assert b"Nora" not in file.getvalue()


def test_a_biller_sees_only_their_departments_receivables(
    client: Client, sign_in: Any, owed: dict[str, Any]
) -> None:
    sign_in("biller", departments=[owed["bones"]])
    page = client.get(f"/receivables/{ASKED}")
    assert page.context["cards"][0].value == "$200.00"
    assert [row.cells[0].text for row in page.context["departments"].rows] == ["Bones"]
    assert len(page.context["largest"].rows) == 1
    assert "Nora Young" not in page.text


@pytest.mark.parametrize("part", ["payers", "ages", "trend", "days-to-pay", "payer-bars"])
def test_a_file_has_what_is_shown(client: Client, sign_in: Any, owed: dict[str, Any], part: str) -> None:
    sign_in("director")
    shown = client.get(f"/receivables/{ASKED}").context[part.replace("-", "_")]
    file = client.get(f"/receivables/{ASKED}&export={part}&format=csv")
    rows = list(csv.reader(StringIO(file.getvalue().decode("utf-8-sig"))))[1:]
    if hasattr(shown, "numbers"):
        assert [row[0] for row in rows] == [str(row[0]) for row in shown.numbers.rows]
    else:
        assert [row[0] for row in rows] == [row.cells[0].text for row in shown.rows]


def test_a_wrong_day_is_named_and_nothing_owed_is_said(client: Client, sign_in: Any) -> None:
    sign_in("director")
    wrong = client.get("/receivables/?start=2026-02-31&end=2026-03-01")
    assert "A day is written as in 2026-11-21." in wrong.text
    owe(None, make_department(), 3, "10.00", status="paid", paid=Decimal(10))
    page = client.get(f"/receivables/{ASKED}")
    assert page.context["answer"].endswith("payers owed us nothing.")


def test_ages_of_days_on_which_nothing_was_open_are_not_drawn(client: Client, sign_in: Any) -> None:
    owe(None, make_department(), 3, "10.00")
    sign_in("director")
    page = client.get("/receivables/?start=2015-01-01&end=2015-02-01")
    assert not page.context["trend"].drawings
    assert "No claim had a balance at the end of any of these days." in page.text
    assert client.get(f"/receivables/{ASKED}").context["trend"].drawings


def test_the_page_takes_a_bounded_number_of_queries(
    client: Client, sign_in: Any, owed: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    for days in range(1, 150, 10):
        owe(make_payer(), make_department(), days, "10.00")
    sign_in("director")
    client.get(f"/receivables/{ASKED}")
    with django_assert_max_num_queries(40):
        client.get(f"/receivables/{ASKED}&step=week")
