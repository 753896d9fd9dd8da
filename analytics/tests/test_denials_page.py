"""Who denies us, and why: what the page says is what the claims behind each of its figures say."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Department
from analytics.denial_changes import changes
from analytics.drilldown import Part
from analytics.kpis import KPIS
from analytics.pages.denial_splits import SPLITS
from analytics.periods import Period
from analytics.questions import ask
from analytics.scopes import Scope
from claims.models import Adjustment, Claim, ClaimLine, Payer
from rcm_site.tables import Row, Table
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_payment, make_user

pytestmark = pytest.mark.django_db


def decide(payer: Payer, department: Department, on: date, **fields: Any) -> Claim:
    """A claim for one procedure, paid or, where it says for which reason, denied."""
    procedure, code, remarks = (fields.pop(name, "") for name in ("procedure", "code", "remarks"))
    status = "denied" if code else "paid"
    fields = {"charge": Decimal(100), "denial_category": "medical_necessity" if code else ""} | fields
    claim = make_claim(
        payer=payer,
        department=department,
        kind="professional",
        status=status,
        submitted_on=on - timedelta(days=10),
        decided_on=on,
        first_decided_on=on,
        first_decision=status,
        paid_on=None if code else on,
        **fields,
    )
    ClaimLine.objects.create(claim=claim, number=1, procedure=procedure or "99213", charge=claim.charge)
    if code:
        group, _, reason = code.partition("-")
        payment = make_payment(claim=claim, paid_on=on)
        Adjustment.objects.create(
            payment=payment,
            claim=claim,
            group=group,
            reason=reason,
            remarks=remarks,
            amount=100,
            is_denial=True,
        )
    return claim


@pytest.fixture
def incident() -> dict[str, Any]:
    """Aetna begins to deny 99214; Cigna denies one claim, for more dollars and want of information."""
    today = timezone.localdate()
    now, before = today - timedelta(days=5), today - timedelta(days=40)
    heart, bones = make_department("Heart"), make_department("Bones")
    aetna, cigna = make_payer("Aetna"), make_payer("Cigna")
    for _ in range(4):
        decide(aetna, heart, now)
        decide(aetna, heart, before, procedure="99214")
    for _ in range(6):
        decide(aetna, heart, now, procedure="99214", code="CO-50", remarks="N115")
    decide(aetna, heart, before, procedure="99214", code="CO-50")
    decide(
        cigna, bones, now, code="CO-16", remarks="N382", charge=Decimal("350.50"), denial_category="coding"
    )
    decide(cigna, bones, now)
    return {"heart": heart, "bones": bones, "aetna": aetna, "cigna": cigna, "today": today}


ASKED = "?period=last_30_days"


def claims_behind(url: str) -> int:
    """How many claims the page has to which this address leads; `test_kpi_page` holds it to them."""
    page, query = urlsplit(url).path, QueryDict(urlsplit(url).query)
    question = ask(make_user("director"), query, today=timezone.localdate())
    part = Part(query.get("part", Part.INTEREST))
    return KPIS[page.split("/")[2]].claims(question.scope, question.period, part).count()


def figure(table: Table, row: Row, name: str) -> str:
    return row.cells[[column.name for column in table.columns].index(name)].text


def test_the_cards_are_the_kpis(client: Client, sign_in: Any, incident: dict[str, Any]) -> None:
    sign_in("director")
    cards = {card.label: card for card in client.get(f"/denials/{ASKED}").context["cards"]}
    assert cards["Denial rate (of decided)"].value == "58.3%"  # 7 of 12
    assert cards["Denial rate (of decided)"].n == "only 12 claims"
    assert "38.3 points more" in cards["Denial rate (of decided)"].change.text  # 1 of 5 before
    assert cards["Denied charges"].value == "$950.50"
    assert (cards["Avoidable denials"].value, cards["Avoidable denials"].n) == ("$350.50", "1 claim")
    for key in ("denial_rate", "denied_charges"):
        assert claims_behind(cards[KPIS[key].label].url) == 7


@pytest.mark.parametrize("by", SPLITS)
def test_each_row_leads_to_exactly_its_claims(
    client: Client, sign_in: Any, incident: dict[str, Any], by: str
) -> None:
    sign_in("director")
    page = client.get(f"/denials/{ASKED}&by={by}").context
    for name, counted in {
        "split": "claims",
        "reasons": "claims",
        "avoidable": "claims",
        "changed": "claims_now",
    }.items():
        table = page[name]
        assert table.rows
        for row in table.rows:
            behind = claims_behind(str(row.url))
            assert figure(table, row, counted) == str(behind), (name, row.cells[0].text)


def test_each_bar_and_cell_leads_to_its_claims(
    client: Client, sign_in: Any, incident: dict[str, Any]
) -> None:
    sign_in("director")
    page = client.get(f"/denials/{ASKED}").context
    for name in ("payers", "pareto", "heat"):
        found = [spot.url for spot in page[name].drawings[0].spots if spot.url]
        assert sum(map(claims_behind, found)) == 7


def test_totals_are_the_cards(client: Client, sign_in: Any, incident: dict[str, Any]) -> None:
    sign_in("director")
    for by in SPLITS:
        totals = [cell.text for cell in client.get(f"/denials/{ASKED}&by={by}").context["split"].totals]
        assert totals[1:3] == ["7", "$950.50"]
        assert by == "category" or totals[4:6] == ["12", "58.3%"]


def test_a_procedure_never_denied_before_has_risen_from_nothing(
    client: Client, sign_in: Any, incident: dict[str, Any]
) -> None:
    decide(incident["aetna"], incident["heart"], incident["today"] - timedelta(days=40), procedure="70450")
    decide(incident["aetna"], incident["heart"], incident["today"], procedure="70450", code="CO-50")
    sign_in("director")
    table = client.get(f"/denials/{ASKED}&by=procedure").context["split"]
    changes = {row.cells[0].text: figure(table, row, "points") for row in table.rows}
    assert (changes["70450"], changes["99214"]) == ("+100.0", "+80.0")


def test_a_change_of_too_few_is_neither_good_nor_bad(
    client: Client, sign_in: Any, incident: dict[str, Any]
) -> None:
    sign_in("director")

    def change() -> tuple[str, str]:
        rows = client.get(f"/denials/{ASKED}&by=payer").context["split"].rows
        return next((row.cells[-1].text, row.cells[-1].tone) for row in rows if row.cells[0].text == "Aetna")

    assert change() == ("+40.0", "")  # 6 of 10 after 1 of 5
    for days_ago in [5, 40] * 20:
        decide(incident["aetna"], incident["heart"], incident["today"] - timedelta(days=days_ago))
    assert change() == ("+16.0", "bad")  # 6 of 30 after 1 of 25


def test_it_names_who_denies_what_all_of_a_sudden(
    client: Client, sign_in: Any, incident: dict[str, Any]
) -> None:
    sign_in("director")
    page = client.get(f"/denials/{ASKED}").context
    assert page["changed_words"] == (
        "$850.50 more was denied than in the 30 days before ($950.50 after $100.00). "
        "Aetna × 99214 went from 1 to 6 claims, 58.8% of the rise."
    )
    assert [cell.text for cell in page["changed"].rows[0].cells] == [
        *("Aetna × 99214", "+$500.00", "$100.00", "$600.00", "1", "6", "20.0%", "100.0%"),
    ]
    by_reason = client.get(f"/denials/{ASKED}&changed=reason").context["changed"]
    assert by_reason.rows[0].cells[0].text == "Aetna × CO-50"
    assert page["answer"].endswith(
        "The first reason is CO-50 – not medically necessary in the payer's view, 63.1% of the dollars."
    )


def test_one_dear_claim_is_no_change_in_what_a_payer_does(incident: dict[str, Any]) -> None:
    today = incident["today"]
    decide(incident["cigna"], incident["bones"], today, code="CO-97", charge=Decimal(90_000))
    period = Period(today - timedelta(days=29), today)
    found = changes(Scope(None, today=today), period, period.previous(), "procedure")
    assert [each.name for each in found] == ["Aetna × 99214"]


def test_without_days_to_compare_nothing_changed(
    client: Client, sign_in: Any, incident: dict[str, Any]
) -> None:
    sign_in("director")
    page = client.get(f"/denials/{ASKED}&compare=none&by=payer")
    assert "changed" not in page.context
    assert "Choose days to compare with" in page.text
    assert [column.name for column in page.context["split"].columns][-1] == "rate"


def test_a_biller_sees_only_their_departments_denials(
    client: Client, sign_in: Any, incident: dict[str, Any]
) -> None:
    sign_in("biller", departments=[incident["bones"]])
    page = client.get(f"/denials/{ASKED}&by=department")
    assert [row.cells[0].text for row in page.context["split"].rows] == ["Bones"]
    assert page.context["cards"][3].value == "$350.50"
    assert "99214" not in page.text
    assert "Provider" not in [tab.label for tab in page.context["split_tabs"]]


def test_a_filter_without_a_field_is_a_chip_and_narrows_all(
    client: Client, sign_in: Any, incident: dict[str, Any]
) -> None:
    sign_in("director")
    page = client.get(f"/denials/{ASKED}&reason=CO-16&procedure=99213").context
    assert [words for words, _ in page["chips"]] == ["procedure 99213", "denied for CO-16"]
    assert page["cards"][3].value == "$350.50"


def test_a_wrong_filter_is_named_and_a_wrong_tab_is_the_first_one(
    client: Client, sign_in: Any, incident: dict[str, Any]
) -> None:
    sign_in("director")
    wrong = client.get("/denials/?payer=Nobody")
    assert "There is none of this id or name." in wrong.text
    assert "cards" not in wrong.context
    page = client.get(f"/denials/{ASKED}&by=mood&step=year&changed=weather").context
    assert page["split_tabs"][0].is_current
    assert page["trend"].about.title == "Denial rate by week"


def test_what_is_wrong_is_said_once_and_in_words_of_the_page(
    client: Client, sign_in: Any, incident: dict[str, Any]
) -> None:
    sign_in("director")
    page = client.get("/denials/?period=last-30&category=moody")
    assert page.text.count("Choose one of the list.") == 1
    assert "last_30_days" not in page.text.split("</form>")[-1]
    assert page.text.count("Category: ") == 1  # has no field of its own to be said at


def test_what_is_wrong_is_said_in_the_part_that_scripts_put_in_place(
    client: Client, sign_in: Any, incident: dict[str, Any]
) -> None:
    sign_in("director")
    asked = "/denials/?period=days&start=2026-05-01&end=2026-04-01"
    report = client.get(asked, headers={"HX-Request": "true"}).text.split('id="report"')[1]
    assert "To: Ends before it starts: choose a later day." in report
    assert "Ends before" not in client.get(asked).text.split('id="report"')[1]


@pytest.mark.parametrize("part", ["payers", "split", "reasons", "changed", "heat"])
def test_a_file_has_what_is_shown(client: Client, sign_in: Any, incident: dict[str, Any], part: str) -> None:
    sign_in("director")
    page = client.get(f"/denials/{ASKED}")
    shown = page.context[part]
    file = client.get(f"/denials/{ASKED}&export={part}&format=csv")
    rows = list(csv.reader(StringIO(file.getvalue().decode("utf-8-sig"))))
    if isinstance(shown, Table):
        names = [row.cells[0].text for row in shown.rows]
        assert rows[0] == [column.label for column in shown.columns]
    else:
        names = [str(row[0]) for row in shown.numbers.rows]
    assert [row[0] for row in rows[1:]] == names
    assert AuditEntry.objects.get(action="report.exported").details["part"] == part


def test_nothing_denied_is_said_and_drawn_as_such(client: Client, sign_in: Any) -> None:
    decide(make_payer("Aetna"), make_department("Heart"), timezone.localdate())
    sign_in("director")
    page = client.get(f"/denials/{ASKED}")
    assert page.context["answer"] == "Nothing was denied in these days."
    assert "No payer denied a claim in these days." in page.text


def test_the_page_takes_a_bounded_number_of_queries(
    client: Client, sign_in: Any, incident: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    for number in range(10):
        decide(make_payer(), make_department(), incident["today"], code="CO-97", procedure=f"9921{number}")
    sign_in("director")
    client.get(f"/denials/{ASKED}")
    with django_assert_max_num_queries(45):
        client.get(f"/denials/{ASKED}&by=provider")
