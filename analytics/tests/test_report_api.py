"""Denials, A/R, people and payers through the API: as the pages have them, and not sent twice for nothing."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework import serializers

from accounts.tokens import issue
from analytics.aging import aging
from analytics.api import dashboard, denials, kpis, payers, receivables, staff, underpayments
from analytics.catalogue import figures
from analytics.kpis import KPIS
from analytics.periods import Period
from analytics.scopes import scope_of
from analytics.tasks import refresh_facts
from claims.models import Claim, ClaimEvent, Payer
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = pytest.mark.django_db
START, END = date(2026, 3, 1), date(2026, 3, 31)
MARCH = {"start": str(START), "end": str(END)}
ADDRESSES = {
    "kpis/": kpis.CatalogueShown,
    "kpis/denial_rate": kpis.OneKpiShown,
    "dashboard/kpis": dashboard.DashboardShown,
    "denials/rate": denials.RateShown,
    "denials/trends": denials.TrendShown,
    "ar/days": receivables.DaysShown,
    "ar/aging": receivables.AgingAnswerShown,
    "ar/by-department": receivables.DepartmentsShown,
    "staff/productivity": staff.ProductivityAnswer,
    "staff/error-rate": staff.ErrorRateAnswer,
    "staff/workload": staff.WorkloadAnswer,
    "payers/{payer}/scorecard": payers.ScorecardShown,
    "underpayments/": underpayments.UnderpaymentsShown,
}
WITHOUT_PERIOD = ("kpis/", "staff/workload")
# What is compared by its content costs working it out.
BY_VERSION = [
    each for each in ADDRESSES if not each.startswith(("staff/", "underpayments/")) and each != "kpis/"
]


@pytest.fixture
def team() -> dict[str, Any]:
    """Two departments, what they are owed, and who works on it."""
    heart, bones = make_department("Heart"), make_department("Bones")
    aetna = make_payer("Aetna")
    ana = make_user("ar_agent", departments=[heart], name="Ana Ruiz")
    bob = make_user("ar_agent", departments=[bones], name="Bob Ray")
    for days, charge, department, status, agent in (
        (5, "100.00", heart, "pending", ana),
        (40, "40.00", heart, "denied", ana),
        (100, "60.00", bones, "pending", bob),
        (200, "300.00", bones, "paid", bob),
    ):
        day = END - timedelta(days=days)
        fields: dict[str, Any] = {"paid_on": day, "paid": charge} if status == "paid" else {}
        fields |= {"decided_on": day} if status != "pending" else {}
        claim = make_claim(
            fees=[charge],
            submitted_on=day,
            department=department,
            payer=aetna,
            status=status,
            assignee=agent,
            **fields,
        )
        at = timezone.now()
        ClaimEvent.objects.create(claim=claim, actor=agent, action="called", at=at, is_error=days == 5)
    return {"heart": heart, "bones": bones, "aetna": aetna, "ana": ana, "bob": bob}


def path(address: str) -> str:
    payer = Payer.objects.first()
    return f"/api/{address.format(payer=payer.pk if payer else 0)}"


def get(client: Client, address: str, **asked: Any) -> dict[str, Any]:
    response = client.get(path(address), asked)
    assert response.status_code == 200, response.content
    return response.json()


# As described ----------------------------------------------------------------------------------------


def gaps(told: Any, described: Any) -> list[str]:
    """Where an answer has other fields than the schema says."""
    if told is None:
        return [] if described.allow_null else [f"{described.field_name} is null"]
    if isinstance(described, serializers.ListSerializer):
        return [gap for each in told for gap in gaps(each, described.child)]
    if isinstance(described, serializers.DictField):
        return [gap for each in told.values() for gap in gaps(each, described.child)]
    if not isinstance(described, serializers.Serializer):
        return []
    differ = sorted(told.keys() ^ described.fields.keys())
    inside = [gap for name, field in described.fields.items() for gap in gaps(told.get(name), field)]
    return [f"{described.field_name}: {differ}" for _ in differ[:1]] + inside


def test_answers_are_as_the_schema_describes_them(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("director")
    found = {}
    for address, described in ADDRESSES.items():
        asked = {} if address in WITHOUT_PERIOD else MARCH
        found[address] = gaps(get(client, address, **asked), described())
    assert found == {address: [] for address in ADDRESSES}


def test_unknown_questions_are_refused_everywhere(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("director")
    for address in ADDRESSES:
        wrong = {"colour": "red"} | ({"department": "Elsewhere"} if address != "kpis/" else {})
        for name, value in wrong.items():
            response = client.get(path(address), {name: value})
            assert response.status_code == 400, address
            assert set(response.json()["error"]["fields"]) == {name}


# What they say ---------------------------------------------------------------------------------------


def test_the_dashboard_names_the_four_that_are_asked_for_most(
    client: Client, sign_in: Any, team: Any
) -> None:
    director = sign_in("director")
    told = get(client, "dashboard/kpis", **MARCH)
    expected = figures(KPIS.values(), scope_of(director), Period(START, END))
    assert told["total_charges"] == f"{expected['gross_charges'].value:.2f}" == "100.00"
    assert told["denial_rate"] is told["kpis"]["denial_rate"]["value"] is None
    assert told["ar_days"] == "62.0000"  # 200 owed, of 100 charged in 31 days
    assert (told["collection_rate"], told["period"]["days"]) == ("0.0000", 31)
    assert told["timestamp"].endswith("Z")


def test_the_denial_rate_and_its_trend_add_up(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("director")
    days = {"start": "2026-02-01", "end": "2026-03-31"}
    make_claim(fees=["10.00"], submitted_on=END, decided_on=END, status="paid", paid_on=END)
    told = get(client, "denials/rate", **days)
    assert (told["denial_rate"], told["denied"], told["decided"]) == ("50.0000", 1, 2)
    trend = get(client, "denials/trends", **days, group_by="month")
    assert [each["denial_rate"] for each in trend["trend"]] == ["100.0000", "0.0000"]
    assert sum(each["decided"] for each in trend["trend"]) == 2
    assert trend["trend"][0]["denied_charges"] == "40.00"
    assert get(client, "denials/trends", **days)["step"] == "week"


def test_aging_is_told_by_age_and_by_department(client: Client, sign_in: Any, team: Any) -> None:
    director = sign_in("director")
    told = get(client, "ar/aging", **MARCH, group_by="department")
    buckets = {each["key"]: each for each in told["buckets"]}
    assert (told["as_of"], told["dollars"], told["claims"]) == ("2026-03-31", "200.00", 3)
    assert (buckets["0_30"]["dollars"], buckets["0_30"]["share"]) == ("100.00", "50.0000")
    assert (buckets["91_120"]["claims"], buckets["over_120"]["claims"]) == (1, 0)
    expected = aging(scope_of(director), END)[None]
    assert [Decimal(each["dollars"]) for each in told["buckets"]] == [each["owed"] for each in expected]
    groups = {each["label"]: each for each in told["groups"]}
    assert {label: each["dollars"] for label, each in groups.items()} == {"Heart": "140.00", "Bones": "60.00"}
    departments = get(client, "ar/by-department", **MARCH)["departments"]
    assert [each["label"] for each in departments] == ["Heart", "Bones"]
    assert departments[0]["kpis"]["open_ar"]["value"] == "140.00"


def test_days_in_ar_are_those_of_the_catalogue(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("manager", departments=[team["heart"]])
    told = get(client, "ar/days", **MARCH, compare="previous")
    assert (told["gross_days_in_ar"], told["average_days_to_pay"]) == ("43.4000", None)
    assert told["kpis"]["open_ar"]["compared"]["previous"]["value"] == "40.00"


def test_whoever_leads_sees_the_people_of_their_departments(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("manager", departments=[team["heart"]])
    assert [each["person"]["name"] for each in get(client, "staff/workload")["people"]] == ["Ana Ruiz"]
    worked = get(client, "staff/productivity")["people"]
    assert [(each["person"]["name"], each["actions"]) for each in worked] == [("Ana Ruiz", 2)]
    sign_in("director")
    errors = {each["person"]["name"]: each for each in get(client, "staff/error-rate")["people"]}
    assert (errors["Ana Ruiz"]["errors"], errors["Ana Ruiz"]["error_rate"]) == (1, "50.0000")
    assert errors["Ana Ruiz"]["rank"] is None
    sign_in("analyst")  # leads nobody
    assert get(client, "staff/error-rate")["people"] == []


def test_a_payers_scorecard_stands_beside_all_payers(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("director")
    make_claim(fees=["50.00"], submitted_on=START)
    told = get(client, "payers/{payer}/scorecard", **MARCH)
    charges = told["kpis"]["gross_charges"]
    assert (told["payer"]["name"], charges["value"], charges["all_payers"]["value"]) == (
        "Aetna",
        "100.00",
        "150.00",
    )
    assert charges["compared"]["previous"]["value"] == "40.00"
    assert client.get("/api/payers/999999/scorecard").status_code == 404
    assert client.get(path("payers/{payer}/scorecard"), {"payer": "1"}).status_code == 400


# What is known already -------------------------------------------------------------------------------


def test_whoever_has_the_answer_is_told_so(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("director")
    refresh_facts()  # or this test's own marks wait for whatever else is open in this PostgreSQL
    for address in ADDRESSES:
        first = client.get(path(address))
        tag = first.headers["ETag"]
        assert (first.status_code, first.headers["Cache-Control"]) == (200, "private, no-cache")
        same = client.get(path(address), headers={"If-None-Match": tag})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag), address
        other = client.get(path(address), headers={"If-None-Match": '"another"'})
        assert (other.status_code, other.headers["ETag"]) == (200, tag), address


def test_a_change_of_any_claim_makes_another_answer(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("director")
    before = {address: client.get(path(address)).headers["ETag"] for address in BY_VERSION}
    Claim.objects.filter(status="denied").update(charge=999)
    for address, tag in before.items():
        changed = client.get(path(address), headers={"If-None-Match": tag})
        assert changed.status_code == 200, address
        assert changed.headers["ETag"] != tag


def test_nothing_is_worked_out_for_whoever_has_the_answer(
    client: Client, team: Any, rf: Any, django_assert_num_queries: Any
) -> None:
    director = make_user("director")
    token = {"Authorization": f"Bearer {issue(user=director, request=rf.get('/')).access}"}
    tag = client.get("/api/dashboard/kpis", headers=token).headers["ETag"]
    with django_assert_num_queries(2):  # who asks, and which version there is
        again = client.get("/api/dashboard/kpis", headers=token | {"If-None-Match": tag})
    assert again.status_code == 304


@pytest.mark.django_db(transaction=True)
def test_what_was_worked_out_is_told_again_until_it_changes(
    client: Client, sign_in: Any, team: Any, django_assert_num_queries: Any
) -> None:
    sign_in("director")
    refresh_facts()
    first = get(client, "dashboard/kpis", **MARCH)
    with django_assert_num_queries(3):  # the session, who asks, and which version there is
        again = client.get("/api/dashboard/kpis", MARCH).json()
    assert first | {"timestamp": ""} == again | {"timestamp": ""}
    Claim.objects.filter(submitted_on__gte=START).update(charge=500)
    assert get(client, "dashboard/kpis", **MARCH)["total_charges"] == "500.00"


def test_two_who_see_different_claims_never_have_the_same_answer(
    client: Client, sign_in: Any, team: Any
) -> None:
    tags = set()
    for department in ("heart", "bones"):
        sign_in("manager", departments=[team[department]])
        tags.add(client.get("/api/dashboard/kpis", MARCH).headers["ETag"])
    sign_in("director")
    tags.add(client.get("/api/dashboard/kpis", MARCH).headers["ETag"])
    assert len(tags) == 3


def test_another_name_or_another_day_is_another_answer(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("director")
    by_payer = {**MARCH, "group_by": "payer"}
    before = client.get("/api/denials/rate", by_payer).headers["ETag"]
    Payer.objects.update(name="Aetna of old")
    assert client.get("/api/denials/rate", by_payer).headers["ETag"] != before
    april = {"start": str(START), "end": "2026-04-01"}
    marches = client.get("/api/denials/rate", MARCH).headers["ETag"]
    assert client.get("/api/denials/rate", april).headers["ETag"] != marches


def test_answers_are_asked_for_in_few_trips(
    client: Client, sign_in: Any, team: Any, django_assert_max_num_queries: Any
) -> None:
    sign_in("director")
    refresh_facts()
    client.get("/api/kpis/")
    for address in ADDRESSES:
        where = path(address)
        with django_assert_max_num_queries(9):
            assert client.get(where).status_code == 200


# Asked alike everywhere ------------------------------------------------------------------------------

COMPARED = {
    "denials/trends": "trend",
    "ar/aging": "buckets",
    "ar/by-department": "departments",
    "staff/productivity": "people",
    "staff/error-rate": "people",
}


def test_what_is_compared_is_what_the_other_days_say_themselves(
    client: Client, sign_in: Any, team: Any
) -> None:
    sign_in("director")
    then = {"previous": ("2026-01-29", "2026-02-28"), "year": ("2025-03-01", "2025-03-31")}
    for event in ClaimEvent.objects.all():
        ClaimEvent.objects.filter(pk=event.pk).update(at=event.at.replace(year=2026, month=2, day=10))
    for address, told in COMPARED.items():
        assert get(client, address, **MARCH)["compared"] == {"previous": None, "year": None}
        for name, (start, end) in then.items():
            found = get(client, address, **MARCH, compare=name)["compared"]
            themselves = get(client, address, start=start, end=end)
            assert (found[name][told], found[name]["period"]) == (themselves[told], themselves["period"])
            assert [each for each in found if found[each]] == [name]
    assert get(client, "staff/productivity", **MARCH, compare="previous")["compared"]["previous"]["people"]
    assert get(client, "ar/aging", **MARCH, compare="previous")["compared"]["previous"]["dollars"] == "100.00"


def test_a_trend_of_each_payer_is_that_of_the_payer_alone(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("director")
    make_claim(fees=["7.00"], submitted_on=START, decided_on=START, status="denied", department=team["heart"])
    days = {"start": "2026-02-04", "end": "2026-03-31"}
    for by in ("payer", "department", "kind", "category"):
        groups = get(client, "denials/trends", **days, group_by=by)["groups"]
        assert groups
        for group in groups:
            alone = get(client, "denials/trends", **days, **{by: group["key"] or "none"})
            assert (group["trend"], alone["step"]) == (alone["trend"], "week"), (by, group["label"])
    assert get(client, "denials/trends", **days, group_by="day")["groups"] is None
    assert client.get("/api/denials/trends", {**days, "group_by": "provider"}).status_code == 400


def test_the_dashboard_is_split_as_each_of_its_numbers(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("director")
    told = get(client, "dashboard/kpis", **MARCH, group_by="department")["kpis"]
    for key in ("gross_charges", "open_ar"):
        assert told[key]["groups"] == get(client, f"kpis/{key}", **MARCH, group_by="department")["groups"]
        assert told[key]["groups"]
