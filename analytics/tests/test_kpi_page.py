"""Where a number comes from: the page of each KPI says what its claims say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import AuditEntry
from analytics import snapshots
from analytics.cards import Good
from analytics.catalogue import Ratio, Unit, kpi, share
from analytics.drilldown import Part
from analytics.kpis import KPIS
from analytics.pages.kpi import build
from analytics.questions import ask
from claims.models import Claim, ClaimPayment
from rcm_site.testing.makers import (
    make_claim,
    make_department,
    make_patient,
    make_payer,
    make_provider,
    make_user,
)

from .histories import LAST, World

pytestmark = pytest.mark.django_db

SHARES_OF_CLAIMS = {
    "denial_rate",
    "denial_rate_of_all",
    "initial_denial_rate",
    "first_pass_resolution",
    "clean_claim_rate",
}
JUNE = "start=2026-06-01&end=2026-06-30"


def june(day: int) -> date:
    return date(2026, 6, day)


def decided(status: str, day: date = date(2026, 6, 10), **fields: Any) -> Claim:
    decision = {"status": status, "decided_on": day, "first_decision": status, "first_decided_on": day}
    paid = {"paid_on": day} if status == "paid" else {"denial_category": "coding"}
    given: dict[str, Any] = {"submitted_on": june(1), "fees": ["100.00"]} | decision | paid | fields
    return make_claim(**given)


def rows(page: Any, key: str = "claims") -> list[str]:
    return [row.cells[0].text for row in page.context[key].rows]


def counts(page: Any) -> list[str]:
    return [tab.count for tab in page.context["claims_tabs"]]


# The number equals the list --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["", "dental"])
def test_every_kpi_lists_exactly_the_claims_that_its_number_counts(rf: RequestFactory, kind: str) -> None:
    """Each tab says how many claims it lists, and lists as many; where n counts claims, it is n."""
    World(6).live(40, lambda: None)
    director = make_user("director")
    assert Claim.objects.filter(status="void").exists()
    asked = {"start": "2026-03-01", "end": str(LAST), "kind": kind}
    question = ask(director, asked, today=LAST)
    seen = 0
    for key, each in KPIS.items():
        request = rf.get("/", {"part": "all", "claims-size": "100"})
        request.user = director
        page = build(request, each, question)
        told = {tab.url.split("part=")[1].split("#")[0]: int(tab.count) for tab in page["claims_tabs"]}
        listed = {part: each.claims(question.scope, question.period, Part(part)) for part in told}
        assert told == {part: found.count() for part, found in listed.items()}, key
        assert {row.cells[0].text for row in page["claims"].rows} == {str(claim) for claim in listed["all"]}
        figure = each.value(question.scope, question.period)
        if each.n_noun == "claims" and len(each.shows) == 1:
            assert told["all"] == figure.n, key
        if key in SHARES_OF_CLAIMS:
            assert told["interest"] == figure.numerator, key
        seen += told["all"]
    assert seen > len(KPIS)


def test_the_formula_stands_there_with_its_numbers(client: Client, sign_in: Any) -> None:
    denied = decided("denied")
    for _ in range(3):
        decided("paid")
    decided("denied", date(2026, 5, 31))
    sign_in("director")
    page = client.get(f"/numbers/denial_rate/?{JUNE}")
    assert (page.context["value"], page.context["n"]) == ("25.0%", "only 4 claims")
    assert page.context["worked_out"] == "1 ÷ 4 = 25.0%"
    assert page.context["made_of"] == [("Claims denied", "1"), ("Claims that payers decided", "4")]
    before, year_before = page.context["changes"]
    assert (before.value, before.change.text) == ("100.0%", "75.0 points less than in the 30 days before")
    assert before.change.meaning == "neutral"  # of too few to be good or bad
    assert (year_before.value, year_before.change) == ("–", None)
    assert rows(page) == [str(denied)]  # those the number is about come first
    assert counts(page) == ["1", "4"]


def test_payments_say_on_how_many_claims_they_are(client: Client, sign_in: Any) -> None:
    claim, other = make_claim(submitted_on=june(1)), make_claim(submitted_on=june(1))
    for each in (claim, claim, other):
        ClaimPayment.objects.create(claim=each, state="posted", paid_on=june(5), paid=Decimal("10.00"))
    sign_in("director")
    page = client.get(f"/numbers/cash_collected/?{JUNE}")
    assert page.context["value"] == "$30.00"
    assert page.context["claims_counted"] == "3 payments on 2 claims"


def test_a_row_of_a_split_leads_to_the_same_number_of_it_alone(client: Client, sign_in: Any) -> None:
    acme, npi = make_payer("Acme Health"), make_provider("1111111112")
    decided("denied", payer=acme, provider=npi, department=make_department("Heart"), kind="dental")
    decided("paid", june(2), kind="professional")
    decided("paid", date(2026, 7, 2), payer=acme, kind="professional")
    sign_in("director")
    for by in ("payer", "department", "provider", "kind", "category", "month"):
        page = client.get(f"/numbers/denial_rate/?start=2026-06-01&end=2026-07-31&by={by}&compare=none")
        split = page.context["split"]
        assert len(split.rows) == 2
        for row in split.rows:
            there = client.get(row.url)
            assert there.status_code == 200
            assert there.context["value"] == row.cells[2].text, (by, row.cells[0].text)
            assert there.context["n"].split()[-2] == row.cells[1].text, (by, row.cells[0].text)


# Who sees what ---------------------------------------------------------------------------------------


def test_numbers_and_claims_are_those_of_ones_departments(client: Client, sign_in: Any) -> None:
    heart = make_department("Heart")
    mine = decided("denied", department=heart)
    decided("paid")
    sign_in("biller", departments=[heart])
    page = client.get(f"/numbers/denial_rate/?{JUNE}&part=all")
    assert page.context["value"] == "100.0%"
    assert rows(page) == [str(mine)]


def test_whoever_sees_no_providers_totals_may_narrow_a_number_to_one(client: Client, sign_in: Any) -> None:
    heart = make_department("Heart")
    mine = decided("denied", department=heart, provider=make_provider("1111111112"))
    decided("paid", department=heart)
    sign_in("biller", departments=[heart])
    page = client.get(f"/numbers/denial_rate/?{JUNE}&part=all&provider=1111111112")
    assert rows(page) == [str(mine)]


def test_patients_are_masked_and_each_look_at_them_is_written_down(client: Client, sign_in: Any) -> None:
    decided("denied", patient=make_patient(name="Nightingale, Flo"))
    analyst = sign_in("analyst")
    page = client.get(f"/numbers/denial_rate/?{JUNE}")
    assert "Nightingale" not in page.text
    entry = AuditEntry.objects.get(action="claims.read", actor=analyst)
    assert entry.details == {"rows": 1, "kpi": "denial_rate"}
    sign_in("director")
    assert "Nightingale" in client.get(f"/numbers/denial_rate/?{JUNE}").text


def test_there_is_no_page_of_what_is_no_kpi(client: Client, sign_in: Any) -> None:
    sign_in("director")
    assert client.get("/numbers/luck/").status_code == 404


def test_a_wrong_question_is_told_and_shows_no_claims(client: Client, sign_in: Any) -> None:
    decided("denied")
    sign_in("director")
    page = client.get("/numbers/denial_rate/?start=2026-06-31&end=2026-06-30")
    assert page.status_code == 200
    assert "cannot be answered" in page.text
    assert "claims" not in page.context


# It stays cheap, and needs nothing but the definition ---------------------------------------------------


def test_the_page_takes_as_many_queries_for_many_payers_as_for_one(
    client: Client, sign_in: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        decided("denied", payer=make_payer(), department=make_department())
    snapshots.take(june(30), timezone.now())
    sign_in("director")
    with django_assert_max_num_queries(38):
        client.get(f"/numbers/net_collection_rate/?{JUNE}&claims-size=100&split-size=100")


@pytest.fixture
def rebill_share() -> Iterator[None]:
    @kpi("Rebills", Unit.PERCENT, Good.DOWN, formula="rebills ÷ claims", counts_by="day", n="submitted")
    def rebill_share(first_decided: Decimal, submitted: Decimal) -> Ratio:
        """A number that somebody made up."""
        return share(first_decided, of=submitted)

    yield
    del KPIS["rebill_share"]


def test_a_new_definition_is_all_that_its_pages_need(
    client: Client, sign_in: Any, rebill_share: None
) -> None:
    today = timezone.localdate()
    make_claim(submitted_on=today - timedelta(days=1))
    sign_in("director")
    meanings = client.get("/numbers/")
    assert "A number that somebody made up." in meanings.text
    url = next(entry.url for entry in meanings.context["topics"]["Other"] if entry.kpi.key == "rebill_share")
    page = client.get(url)
    assert page.context["value"] == "0.0%"
    assert rows(page) == [str(Claim.objects.get())]


def test_all_numbers_are_explained_with_what_they_stand_at(client: Client, sign_in: Any) -> None:
    decided("denied", timezone.localdate())
    heart = make_department("Heart")
    make_claim(department=heart, status="void")  # counts nowhere
    sign_in("biller", departments=[heart])
    page = client.get("/numbers/?period=last_7_days")
    entries = [entry for topic in page.context["topics"].values() for entry in topic]
    assert {entry.kpi.key for entry in entries} == set(KPIS)
    for each in KPIS.values():
        assert each.definition in page.text.replace("&#x27;", "'")
    assert {entry.value for entry in entries} <= {"–", "$0.00", "0"}  # another department's claim
