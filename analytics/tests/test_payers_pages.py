"""The pages of payers: every figure is the KPI's and leads to its claims."""

from __future__ import annotations

import csv
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Department
from analytics.catalogue import figures
from analytics.drilldown import Part
from analytics.kpis import KPIS
from analytics.periods import DAY, NAMED
from analytics.scopes import Scope
from analytics.scorecards import PAYER_KPIS
from claims.models import Claim, Payer
from rcm_site.testing.makers import make_claim, make_department, make_payer

pytestmark = pytest.mark.django_db


def decide(
    payer: Payer | None, department: Department, status: str, days_ago: int, charge: str = "100.00"
) -> None:
    on = timezone.localdate() - days_ago * DAY
    fields: dict[str, Any] = {
        "status": status,
        "decided_on": on,
        "first_decided_on": on,
        "first_decision": status,
    }
    if status == "paid":
        fields |= {"paid_on": on, "paid": Decimal(charge)}
    else:
        fields |= {"denial_category": "coding"}
    make_claim(
        payer=payer, department=department, charge=Decimal(charge), submitted_on=on - 12 * DAY, **fields
    )


@pytest.fixture
def history() -> dict[str, Any]:
    heart, bones = make_department("Heart"), make_department("Bones")
    aetna, cigna = make_payer("Aetna", timely_filing_days=90, appeal_days=45), make_payer("Cigna")
    for place in range(22):
        decide(aetna, heart, "denied" if place < 5 else "paid", 3)
        decide(cigna, heart, "paid", 4)
    decide(cigna, bones, "denied", 5, "250.75")
    decide(aetna, heart, "denied", 40)
    decide(None, heart, "paid", 6)
    return {"heart": heart, "bones": bones, "aetna": aetna, "cigna": cigna}


def test_the_scorecard_says_the_kpis_of_each_payer_and_of_all(
    client: Client, sign_in: Any, history: Any
) -> None:
    sign_in("director")
    page = client.get("/payers/")
    table, today = page.context["scores"], timezone.localdate()
    period = NAMED["last_30_days"](today)
    names = [row.cells[0].text for row in table.rows]
    assert sorted(names) == ["Aetna", "Cigna", "No payer"]
    assert table.rows[names.index("Aetna")].url == f"/payers/{history['aetna'].pk}/"
    every = figures(PAYER_KPIS, Scope(None, today=today), period)
    assert [cell.text for cell in table.totals[:2]] == ["All payers", "46"]
    assert every["claims_submitted"].value == 46
    assert table.totals[5].text == KPIS["denial_rate"].words(every["denial_rate"].value)


def test_each_figure_leads_to_exactly_its_claims(client: Client, sign_in: Any, history: Any) -> None:
    sign_in("director")
    table = client.get("/payers/").context["scores"]
    for row in table.rows:
        for cell in [each for each in row.cells[1:] if each.url]:
            page = client.get(cell.url)
            assert page.status_code == 200, cell.url
            assert page.context["value"].split(".")[0] == cell.title.split(" – ")[0].split(".")[0]
    rate = next(row for row in table.rows if row.cells[0].text == "Aetna").cells[5]
    shown = client.get(rate.url).context["claims"]
    assert {row.cells[0].text for row in shown.rows} == {
        str(claim)
        for claim in Claim.objects.filter(payer=history["aetna"], status="denied").exclude(
            decided_on__lt=timezone.localdate() - 29 * DAY
        )
    }
    assert len(shown.rows) == 5


def test_who_stands_out_has_enough_claims_to_say_so(client: Client, sign_in: Any, history: Any) -> None:
    sign_in("director")
    said = {each.words: each.name for each in client.get("/payers/").context["findings"]}
    assert said["Denies most"] == "Aetna"  # those of no payer are one claim
    assert said["Slowest to pay"] == "Cigna"  # as slow as others, of whom fewer than twenty were paid


def test_too_few_claims_have_neither_bar_nor_colour(client: Client, sign_in: Any, history: Any) -> None:
    decide(None, history["heart"], "denied", 6)
    sign_in("director")
    page = client.get("/payers/")
    rows = {row.cells[0].text: row.cells for row in page.context["scores"].rows}
    assert rows["No payer"][5].text == "50.0%"
    assert rows["No payer"][5].share is None
    assert rows["Aetna"][5].share == 1  # the highest of those with enough
    assert (rows["Aetna"][6].text, rows["Aetna"][6].tone) == ("−77.3", "")  # before, it had decided one
    assert "fewer than 20" in page.text
    kpi = client.get("/numbers/denial_rate/?by=payer")
    assert [row.cells[2].share is None for row in kpi.context["split"].rows] == [False, False, True]
    assert "fewer than 20" in kpi.text
    assert "fewer than 20" not in client.get("/numbers/claims_submitted/?by=payer").text


def test_one_payers_page_is_about_that_payer_whatever_its_address_says(
    client: Client, sign_in: Any, history: Any
) -> None:
    sign_in("director")
    page = client.get(f"/payers/{history['aetna'].pk}/?payer={history['cigna'].pk}")
    cards = {card.label: card for card in page.context["cards"]}
    assert cards["Denial rate (of decided)"].value == "22.7%"
    assert f"payer={history['aetna'].pk}" in cards["Denial rate (of decided)"].url
    assert "payer" not in page.context["form"].fields
    assert page.context["words"].split(", ")[1] == "Aetna"
    assert "within 90 days of the service" in page.text
    assert "within 45 days of the denial" in page.text
    owed = KPIS["open_ar"].value(
        Scope(None, payer=history["aetna"].pk), NAMED["last_30_days"](timezone.localdate())
    )
    assert page.context["ages"].totals[2].title == KPIS["open_ar"].words(owed.value)


def test_a_biller_sees_their_departments_alone(client: Client, sign_in: Any, history: Any) -> None:
    sign_in("biller", departments=[history["bones"]])
    table = client.get("/payers/").context["scores"]
    assert [row.cells[0].text for row in table.rows] == ["Cigna"]
    assert table.rows[0].cells[5].text == "100.0%"


def test_the_file_is_the_table_and_is_audited(client: Client, sign_in: Any, history: Any) -> None:
    director = sign_in("director")
    lines = client.get("/payers/?export=scores&format=csv").getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(lines)))
    assert {row["Payer"] for row in rows} == {"Aetna", "Cigna", "No payer"}
    aetna = next(row for row in rows if row["Payer"] == "Aetna")
    assert Decimal(aetna["Denial rate"]).quantize(Decimal("0.01")) == Decimal("22.73")
    assert AuditEntry.objects.filter(
        action="report.exported", actor=director, details__part="scores"
    ).exists()
    for part in ("denials", "days", "cash", "ages", "reasons", "changed"):
        answer = client.get(f"/payers/{history['aetna'].pk}/?export={part}&format=xlsx")
        assert answer.status_code == 200, part
        assert b"".join(answer.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]


def test_no_such_payer_and_a_wrong_question(client: Client, sign_in: Any, history: Any) -> None:
    sign_in("director")
    assert client.get("/payers/999999/").status_code == 404
    wrong = client.get(f"/payers/{history['aetna'].pk}/?start=2026-02-31")
    assert "cannot be answered" in wrong.text


def test_queries_do_not_grow_with_payers(
    client: Client, sign_in: Any, history: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        decide(make_payer(), history["heart"], "paid", 2)
    sign_in("director")
    client.get("/payers/")
    with django_assert_max_num_queries(14):
        client.get("/payers/?size=100")
    with django_assert_max_num_queries(34):
        client.get(f"/payers/{history['aetna'].pk}/")


def test_the_kpi_behind_a_split_counts_the_same_claims(history: Any) -> None:
    scope = Scope(None, payer=history["aetna"].pk)
    period = NAMED["last_30_days"](timezone.localdate())
    figure = KPIS["denial_rate"].value(scope, period)
    assert KPIS["denial_rate"].claims(scope, period, Part.INTEREST).count() == figure.numerator
