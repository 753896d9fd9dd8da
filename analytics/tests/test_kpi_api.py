"""KPIs through the API: the catalogue's values, in the scope of whoever asks, and no mistake let pass."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analytics.catalogue import Figure, figures, series, split
from analytics.kpis import KPIS
from analytics.periods import Period
from analytics.questions import ask
from analytics.scopes import scope_of
from analytics.tasks import refresh_facts
from claims.models import Claim
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_payment, make_provider

pytestmark = pytest.mark.django_db
START, END = date(2026, 3, 1), date(2026, 3, 31)
MARCH = {"start": str(START), "end": str(END)}


@pytest.fixture
def claims() -> dict[str, Any]:
    """Of March, of the month before and of a year before, for two departments and two payers."""
    heart, bones = make_department("Heart"), make_department("Bones")
    aetna, humana = make_payer("Aetna"), make_payer("Humana")
    provider = make_provider("1234567893")
    for day, charge, department, payer, status in (
        (date(2026, 3, 3), "100.00", heart, aetna, "denied"),
        (date(2026, 3, 4), "250.10", heart, humana, "paid"),
        (date(2026, 3, 5), "49.90", bones, aetna, "paid"),
        (date(2026, 3, 6), "75.00", bones, None, "pending"),
        (date(2026, 2, 10), "20.00", heart, aetna, "paid"),
        (date(2025, 3, 10), "30.00", bones, aetna, "denied"),
    ):
        decided = {"decided_on": day} if status != "pending" else {}
        fields: dict[str, Any] = {"denial_category": "coding"} if status == "denied" else {}
        if status == "paid":
            fields = {"paid_on": day, "paid": charge, "first_decision": "paid", "first_decided_on": day}
        claim = make_claim(
            fees=[charge],
            submitted_on=day - timedelta(days=1),
            department=department,
            payer=payer,
            provider=provider,
            status=status,
            **decided,
            **fields,
        )
        if status == "paid":
            make_payment(claim=claim, paid=charge, paid_on=day)
    return {"heart": heart, "bones": bones, "aetna": aetna, "humana": humana}


def get(client: Client, address: str, **asked: Any) -> dict[str, Any]:
    response = client.get(f"/api/{address}", asked)
    assert response.status_code == 200, response.content
    return response.json()


def wrong(client: Client, address: str, query: str) -> set[str]:
    response = client.get(f"/api/{address}?{query}")
    assert response.status_code == 400, response.content
    return set(response.json()["error"]["fields"])


def same(told: dict[str, Any], figure: Figure) -> bool:
    """Four places are told of quotients; all else is exact."""

    def near(text: str | None, value: Decimal | None) -> bool:
        if text is None or value is None:
            return text is None and value is None
        return abs(Decimal(text) - value) <= Decimal("0.00005")

    return (
        near(told["value"], figure.value)
        and near(told["numerator"], figure.numerator)
        and near(told["denominator"], figure.denominator)
        and (told["n"], told["is_few"]) == (figure.n, figure.is_few)
    )


def test_a_kpi_tells_what_it_is_made_of_and_what_it_was_before(
    client: Client, sign_in: Any, claims: Any
) -> None:
    sign_in("director")
    told = get(client, "kpis/denial_rate", **MARCH)
    assert told["value"] == "33.3333"
    assert (told["numerator"], told["denominator"], told["n"], told["is_few"]) == ("1", "3", 3, True)
    assert told["period"] == {"start": "2026-03-01", "end": "2026-03-31", "days": 31}
    before, year = told["compared"]["previous"], told["compared"]["year"]
    assert before["period"] == {"start": "2026-01-29", "end": "2026-02-28", "days": 31}
    assert (before["value"], before["n"], before["change"]) == ("0.0000", 1, "33.3333")
    assert year["period"] == {"start": "2025-03-01", "end": "2025-03-31", "days": 31}
    assert (year["value"], year["change"]) == ("100.0000", "-66.6667")
    assert (told["label"], told["groups"], told["filters"]) == ("Denial rate (of decided)", None, {})


def test_money_is_told_to_the_cent_and_nothing_to_divide_is_null(
    client: Client, sign_in: Any, claims: Any
) -> None:
    sign_in("director")
    assert get(client, "kpis/gross_charges", **MARCH)["value"] == "475.00"
    nothing = get(client, "kpis/denial_rate", start="2024-01-01", end="2024-01-31", compare="none")
    assert (nothing["value"], nothing["denominator"]) == (None, "0")
    assert nothing["compared"] == {"previous": None, "year": None}
    assert get(client, "kpis/cash_collected", start="2024-01-01", end="2024-01-31")["value"] == "0.00"


@pytest.mark.parametrize("days", [MARCH, {"period": "last_7_days"}], ids=["past", "until today"])
def test_every_kpi_is_the_one_of_the_catalogue(
    client: Client, sign_in: Any, claims: Any, days: dict[str, str]
) -> None:
    director = sign_in("director")
    make_claim(fees=["12.00"], submitted_on=timezone.localdate(), department=claims["heart"])
    question = ask(director, days, today=timezone.localdate())
    expected = figures(KPIS.values(), question.scope, question.period)
    told = get(client, "dashboard/kpis", **days)["kpis"]
    assert [key for key in KPIS if not same(told[key], expected[key])] == []
    for key in ("denial_rate", "open_ar", "net_fee"):
        assert same(get(client, f"kpis/{key}", **days, compare="none"), expected[key])


def test_a_split_is_the_one_of_the_catalogue_and_its_keys_ask_for_each(
    client: Client, sign_in: Any, claims: Any
) -> None:
    director = sign_in("director")
    kpi = KPIS["denial_rate"]
    for dimension in ("payer", "department", "provider", "kind", "category"):
        expected = split([kpi], scope_of(director), Period(START, END), dimension)[kpi.key]
        groups = get(client, "kpis/denial_rate", **MARCH, group_by=dimension)["groups"]
        assert [each["label"] for each in groups] == [each.label for each in expected]
        for group, row in zip(groups, expected, strict=True):
            assert same(group, row.figure)
            if group["key"] is not None:
                alone = get(client, "kpis/denial_rate", **MARCH, **{dimension: group["key"]})
                assert (alone["value"], alone["n"]) == (group["value"], group["n"])


def test_a_trend_is_the_one_of_the_catalogue(client: Client, sign_in: Any, claims: Any) -> None:
    director = sign_in("director")
    span = Period(date(2026, 2, 23), date(2026, 3, 6))
    for key, step in product(("denial_rate", "open_ar"), ("day", "week", "month")):
        expected = series([KPIS[key]], scope_of(director), span, step)[key]
        groups = get(client, f"kpis/{key}", start=span.start, end=span.end, group_by=step)["groups"]
        assert [each["period"]["start"] for each in groups] == [str(at.start) for at, _ in expected]
        assert all(same(group, figure) for group, (_, figure) in zip(groups, expected, strict=True))


def test_filters_narrow_and_are_told_in_words(client: Client, sign_in: Any, claims: Any) -> None:
    sign_in("director")
    told = get(client, "kpis/gross_charges", **MARCH, payer="Aetna", department=claims["heart"].pk)
    assert (told["value"], told["filters"]) == ("100.00", {"payer": "Aetna", "department": "Heart"})
    assert get(client, "kpis/gross_charges", **MARCH, payer="none")["value"] == "75.00"


def test_each_sees_the_claims_of_their_departments_alone(client: Client, sign_in: Any, claims: Any) -> None:
    sign_in("manager", departments=[claims["heart"]])
    assert get(client, "kpis/gross_charges", **MARCH)["value"] == "350.10"
    groups = get(client, "kpis/gross_charges", **MARCH, group_by="department")["groups"]
    assert [each["label"] for each in groups] == ["Heart"]
    assert wrong(client, "kpis/gross_charges", f"department={claims['bones'].pk}") == {"department"}
    sign_in("manager", departments=[claims["bones"]])
    assert get(client, "kpis/gross_charges", **MARCH)["value"] == "124.90"


WRONG = [
    ("payer=Nobody&department=Elsewhere&kind=animal", {"payer", "department", "kind"}),
    ("start=2026-02-30&end=2026-03-01", {"start"}),
    ("start=2026-03-02&end=2026-03-01", {"end"}),
    ("period=forever&compare=yesterday", {"period", "compare"}),
    ("group_by=mood", {"group_by"}),
    ("group_by=mood&payer=Nobody", {"group_by", "payer"}),
    ("payer=", {"payer"}),
    ("department=%20", {"department"}),
    ("group_by=", {"group_by"}),
    ("payer=1&payer=2", {"payer"}),
    ("colour=red", {"colour"}),
    ("payer=%00", {"payer"}),
]


def test_whatever_makes_no_sense_is_refused_by_name(client: Client, sign_in: Any) -> None:
    sign_in("director")
    for query, named in WRONG:
        assert wrong(client, "kpis/denial_rate", query) == named


def test_how_things_stood_is_not_told_for_too_many_days(client: Client, sign_in: Any) -> None:
    sign_in("director")
    year = "start=2025-01-01&end=2025-12-31"
    assert wrong(client, "kpis/open_ar", f"{year}&group_by=day") == {"group_by"}
    assert (
        len(get(client, "kpis/denial_rate", start="2025-01-01", end="2025-12-31", group_by="day")["groups"])
        == 365
    )


def test_the_catalogue_lists_every_kpi_with_what_it_means(client: Client, sign_in: Any) -> None:
    sign_in("analyst")
    results = {each["key"]: each for each in get(client, "kpis/")["results"]}
    assert list(results) == list(KPIS)
    rate = results["denial_rate"]
    assert (rate["unit"], rate["good"], rate["counts_by"]) == ("percent", "down", "day of the last decision")
    assert rate["benchmark"]["value"] == "5.0000"
    assert (results["open_ar"]["is_as_of"], results["open_ar"]["benchmark"]) == (True, None)
    assert client.get("/api/kpis/", {"payer": "1"}).status_code == 400


def test_an_unknown_kpi_is_nothing_and_no_business_of_a_biller(client: Client, sign_in: Any) -> None:
    sign_in("director")
    assert client.get("/api/kpis/happiness").status_code == 404
    sign_in("biller")
    assert client.get("/api/kpis/denial_rate").status_code == 403


def test_a_kpi_is_asked_in_few_trips(
    client: Client, sign_in: Any, claims: Any, django_assert_max_num_queries: Any
) -> None:
    sign_in("director")
    refresh_facts()
    get(client, "kpis/")  # which notes in the session when it began
    with django_assert_max_num_queries(8):  # session, user, names, version, now, before, split, labels
        get(client, "kpis/denial_rate", **MARCH, group_by="payer", compare="previous")


def test_void_claims_count_nowhere(client: Client, sign_in: Any, claims: Any) -> None:
    sign_in("director")
    Claim.objects.filter(department=claims["heart"]).update(status="void")
    assert get(client, "kpis/gross_charges", **MARCH)["value"] == "124.90"
