"""Why claims were denied, worked by hand; each row equals the claims that it leads to."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from analytics import denials
from analytics.denials import Counted
from analytics.drilldown import Part
from analytics.kpis import KPIS
from analytics.periods import Period
from analytics.scopes import NONE, Scope
from analytics.tasks import refresh_facts
from claims.answers.denials import Kind, kind_of
from claims.models import Adjustment, Claim, ClaimEvent, ClaimLine, ClaimPayment, Coverage
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

from .histories import LAST, World

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 30)
ALL = Scope(None, today=TODAY)
JUNE = Period(date(2026, 6, 1), TODAY)


def june(day: int) -> date:
    return date(2026, 6, day)


def deny(charge: str, on: date, category: str = "coding", **fields: Any) -> Claim:
    given: dict[str, Any] = {"status": "denied", "submitted_on": date(2026, 5, 1), "decided_on": on}
    return make_claim(charge=Decimal(charge), denial_category=category, **given | fields)


def give_reasons(claim: Claim, on: date, *codes: str) -> None:
    """As a payer's answer does: "CO-16 N382" is group, reason and remarks."""
    payment = ClaimPayment.objects.create(claim=claim, state="posted", paid_on=on)
    for each in codes:
        code, _, remarks = each.partition(" ")
        group, reason = code.split("-")
        Adjustment.objects.create(
            payment=payment,
            claim=claim,
            group=group,
            reason=reason,
            remarks=remarks,
            amount=Decimal("5.00"),
            is_denial=kind_of(group, reason) == Kind.DENIAL,
        )


@pytest.fixture
def denied() -> dict[str, Claim]:
    payer = make_payer("Acme Health")
    both = deny("100.00", june(10), "documentation", payer=payer)
    give_reasons(both, june(10), "CO-16 N382", "CO-97", "CO-45")  # 45 is contractual: no denial
    give_reasons(both, date(2026, 5, 20), "CO-50")  # of an earlier denial
    lost = deny("40.00", june(20), payer=payer)  # denied again by letter, for what was said before
    give_reasons(lost, june(2), "CO-97", "CO-97")  # on two lines
    by_hand = deny("7.00", june(3), "eligibility", status="appealed")
    given_up = deny("3.00", june(4), "documentation", status="written_off")
    give_reasons(given_up, june(4), "CO-16 M15 N382")
    give_reasons(deny("500.00", date(2026, 5, 31)), date(2026, 5, 31), "CO-97")  # in May
    give_reasons(deny("900.00", june(5), status="void"), june(5), "CO-97")
    give_reasons(make_claim(charge=Decimal(60), status="paid", decided_on=june(6)), june(6), "CO-97")
    return {"both": both, "lost": lost, "by_hand": by_hand, "given_up": given_up}


@pytest.fixture(params=["from claims", "from facts"])
def told(request: pytest.FixtureRequest) -> Any:
    return refresh_facts if request.param == "from facts" else lambda: None


def test_reasons_are_those_given_last_and_count_a_claim_once_each(denied: Any, told: Any) -> None:
    told()
    rows = denials.by_reason(ALL, JUNE)
    assert [(row.code, row.remarks, row.claims, row.dollars) for row in rows] == [
        ("CO-97", (), 2, Decimal("140.00")),
        ("CO-16", ("N382", "M15"), 2, Decimal("103.00")),
        ("", (), 1, Decimal("7.00")),
    ]
    assert [row.category for row in rows] == ["coding", "eligibility", ""]  # N382 says what 16 is about
    assert denials.denied(ALL, JUNE) == Counted(4, Decimal("150.00"))
    assert [row.code for row in denials.by_reason(ALL, JUNE, most=1)] == ["CO-97"]


def test_reasons_of_days_that_are_left_out_of_a_month_are_not_told(denied: Any, told: Any) -> None:
    told()
    rows = denials.by_reason(ALL, Period(june(4), TODAY))
    assert [(row.code, row.claims) for row in rows] == [("CO-97", 2), ("CO-16", 2)]
    assert [row.code for row in denials.by_reason(ALL, Period(june(5), TODAY))] == ["CO-97", "CO-16"]
    assert [row.claims for row in denials.by_reason(ALL, Period(june(5), TODAY))] == [2, 1]


def test_a_row_of_reasons_leads_to_its_claims(denied: dict[str, Claim]) -> None:
    expected = {"CO-97": ["both", "lost"], "CO-16": ["both", "given_up"], NONE: ["by_hand"]}
    for row in denials.by_reason(ALL, JUNE):
        found = KPIS["denial_rate"].claims(ALL.narrowed(**row.filters), JUNE, Part.INTEREST)
        assert {*found} == {denied[name] for name in expected[row.filters["reason"]]}
    remark = ALL.narrowed(reason="CO-16", remark="M15")
    assert [*KPIS["denial_rate"].claims(remark, JUNE, Part.INTEREST)] == [denied["given_up"]]
    assert KPIS["denial_rate"].value(remark, JUNE).n == 1


def test_categories_add_up_to_all_that_were_denied(denied: dict[str, Claim], told: Any) -> None:
    told()
    rows = denials.by_category(ALL, JUNE)
    assert [(row.category, row.claims, row.dollars) for row in rows] == [
        ("documentation", 2, Decimal("103.00")),
        ("coding", 1, Decimal("40.00")),
        ("eligibility", 1, Decimal("7.00")),
    ]
    heat = denials.heat(ALL, JUNE)
    acme = denied["both"].payer_id
    assert [label for _, label in heat.payers] == ["Acme Health", "No payer"]
    assert heat.at(acme, "documentation") == Counted(1, Decimal("100.00"))
    assert heat.at(None, "coding") == Counted(0, Decimal(0))


def test_what_work_up_front_avoids_is_told_apart(denied: Any) -> None:
    deny("1000.00", june(9), "medical_necessity")
    found = denials.avoidable(ALL, JUNE)
    assert (found.claims, found.dollars) == (4, Decimal("150.00"))
    assert found.of == Counted(5, Decimal("1150.00"))
    assert all(row.work for row in found.rows)


def test_a_procedure_counts_a_claim_once_with_all_it_charges(told: Any) -> None:
    denied = deny("80.00", june(3))
    paid = make_claim(charge=Decimal(20), status="paid", decided_on=june(4))
    for number, (claim, procedure) in enumerate(
        ((denied, "D1110"), (denied, "D1110"), (denied, "D2740"), (paid, "D1110"), (paid, "D0120")), 1
    ):
        ClaimLine.objects.create(claim=claim, number=number, procedure=procedure)
    told()
    rows = denials.by_procedure(ALL, JUNE)
    assert [(row.procedure, row.claims, row.dollars, row.rate) for row in rows] == [
        ("D1110", 1, Decimal("80.00"), Decimal("0.5")),
        ("D2740", 1, Decimal("80.00"), Decimal(1)),
    ]
    for row in rows:
        assert KPIS["denial_rate"].claims(ALL.narrowed(**row.filters), JUNE, Part.INTEREST).get() == denied


def test_a_line_that_is_renamed_moves_its_claim_to_the_other_procedure() -> None:
    denied = deny("80.00", june(3), service_from=date(2026, 1, 5))
    line = ClaimLine.objects.create(claim=denied, number=1, procedure="D1110", service_date=date(2026, 1, 5))
    refresh_facts()
    ClaimLine.objects.filter(pk=line.pk).update(procedure="D2740")
    assert [row.procedure for row in denials.by_procedure(ALL, JUNE)] == ["D2740"]


def test_claims_are_narrowed_by_plan_and_assignee() -> None:
    mine, theirs = deny("1.00", june(3), assignee=make_user()), deny("2.00", june(3))
    coverage = Coverage.objects.create(plan_group="GROUP-7", subscriber="M1")
    ClaimLine.objects.create(claim=theirs, number=1, coverage=coverage)
    for scope, claim in (
        (ALL.narrowed(assignee=mine.assignee_id), mine),
        (ALL.narrowed(assignee=NONE), theirs),
        (ALL.narrowed(plan="GROUP-7"), theirs),
    ):
        assert KPIS["denial_rate"].claims(scope, JUNE, Part.INTEREST).get() == claim
        assert KPIS["denial_rate"].value(scope, JUNE).n == 1


def test_denials_hold_nothing_of_other_departments(denied: Any) -> None:
    mine = make_department()
    give_reasons(deny("11.00", june(10), department=mine), june(10), "CO-16")
    for told in (lambda: 0, refresh_facts):
        told()
        assert [row.dollars for row in denials.by_reason(Scope((mine.pk,), today=TODAY), JUNE)] == [11]
        assert not denials.by_reason(Scope((), today=TODAY), JUNE)
        assert not denials.by_category(Scope((), today=TODAY), JUNE)


def test_overturns_are_told_by_payer_and_department() -> None:
    for name, status in (("Acme Health", "paid"), ("Acme Health", "denied"), ("Borealis", "denied")):
        claim = deny("1.00", june(3), payer=make_payer(name), status=status)
        for day, before, after in ((4, "denied", "appealed"), (20, "appealed", status)):
            at = timezone.make_aware(datetime.combine(june(day), time(12)))
            ClaimEvent.objects.create(claim=claim, at=at, action="x", from_status=before, to_status=after)
    found = denials.overturns(ALL, JUNE)
    assert (found.rate.numerator, found.rate.n) == (1, 3)
    assert [(each.label, each.figure.value) for each in found.by_payer] == [
        ("Acme Health", 50),
        ("Borealis", 0),
    ]
    assert [each.label for each in found.by_department] == ["No department"]


def test_every_row_equals_its_claims_whatever_happened() -> None:
    """A busy half year: reasons of several answers, appeals, lines and payers that change."""
    world, scope, period = World(4), Scope(None, today=LAST), Period(date(2026, 1, 2), LAST)
    for happens in (*[world.arrive] * 40, *[world.be_paid] * 80, *[world.change_status] * 20, world.move):
        happens()
    refresh_facts()
    for rows, least in (
        (denials.by_reason(scope, period), 3),
        (denials.by_procedure(scope, period), 1),
        (denials.by_category(scope, period), 2),
    ):
        assert len(rows) >= least
        for row in rows:
            found = KPIS["denial_rate"].claims(scope.narrowed(**row.filters), period, Part.INTEREST)
            charges = sum(claim.charge for claim in found)
            assert (found.count(), charges) == (row.claims, row.dollars), row
