"""Limits of single plans: they go before their payer's, for a claim itself as for the database."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from claims import deadlines
from claims.deadlines import APPEAL, CORRECTION, FILING, deadline_of, deadlines_of
from claims.models import Claim, ClaimLine, Coverage, Payer, PlanLimit
from claims.plan_limits import PlanLimits
from rcm_site.testing.makers import make_claim, make_payer

from .test_deadlines import TODAY, check_what_claims_say, denied

pytestmark = pytest.mark.django_db


@pytest.fixture
def payer() -> Payer:
    """Files within 90 days and appeals within 60; its gold plan in 30 each, silver in 120 and as usual."""
    payer = make_payer("Acme", timely_filing_days=90, appeal_days=60)
    payer.plan_limits.create(plan_group="GOLD", filing_days=30, appeal_days=30)
    payer.plan_limits.create(plan_group="SILVER", filing_days=120)
    return payer


def cover(claim: Claim, *plans: str) -> Claim:
    for number, plan in enumerate(plans, 1):
        ClaimLine.objects.create(
            claim=claim,
            number=number,
            coverage=Coverage.objects.create(plan_group=plan, subscriber=f"{claim}"),
        )
    return claim


@pytest.mark.parametrize(
    ("plans", "appeal", "filing"),
    [
        ((), 60, 90),
        (("BRONZE",), 60, 90),
        (("GOLD",), 30, 30),
        (("SILVER",), 60, 120),  # says nothing of appeals
        (("SILVER", "GOLD"), 30, 30),  # the shortest counts
        (("BRONZE", "SILVER"), 60, 120),
    ],
)
def test_a_plans_limit_goes_before_its_payers(
    payer: Payer, plans: tuple[str, ...], appeal: int, filing: int
) -> None:
    claim = cover(denied(TODAY, payer=payer), *plans)
    found = deadline_of(claim, TODAY)
    assert found is not None
    assert (found.limit, found.left) == (APPEAL, appeal)
    waiting = cover(make_claim(charge=Decimal(9), payer=payer, service_to=TODAY, service_from=TODAY), *plans)
    found = deadline_of(waiting, TODAY)
    assert found is not None
    assert (found.limit, found.left) == (FILING, filing)


def test_another_payers_plan_of_the_same_name_is_another_plan(payer: Payer) -> None:
    other = make_payer("Bolt", appeal_days=60)
    claim = cover(denied(TODAY, payer=other), "GOLD")
    found = deadline_of(claim, TODAY)
    assert found is not None
    assert found.left == 60


def test_whatever_a_claim_says_of_its_plan_is_what_the_database_finds(payer: Payer) -> None:
    """Each edge of each length, of claims of each plan and of several."""
    make_payer("Bolt", timely_filing_days=30, appeal_days=30)
    other = make_payer("Bolt")
    count = 0
    for length in (30, 60, 90, 120):
        for left in (-1, 0, 1, 7, 8, 30, 31):
            since = TODAY + timedelta(days=left - length)
            for of, plans in (
                (payer, ()),
                (payer, ("GOLD",)),
                (payer, ("SILVER", "GOLD")),
                (other, ("GOLD",)),
            ):
                decided: dict[str, Any] = {"service_to": since, "denial_category": "coding", "payer": of}
                cover(denied(since, **decided), *plans)
                service: dict[str, Any] = {"service_from": since, "service_to": since}
                cover(make_claim(charge=Decimal(50), payer=of, **service), *plans)
                count += 1
    check_what_claims_say(dict.fromkeys(deadlines.LIMITS, count))


def test_many_claims_ask_for_their_plans_once(payer: Payer, django_assert_num_queries: Any) -> None:
    for _ in range(5):
        cover(denied(TODAY, payer=payer), "GOLD")
    claims = list(Claim.objects.select_related("payer"))
    with django_assert_num_queries(2):
        plans = PlanLimits(claims)
        assert {each.left for claim in claims for each in deadlines_of(claim, TODAY, plans)} == {30}


def test_a_coding_denial_can_be_billed_again_as_long_as_claims_are_filed(payer: Payer) -> None:
    service: dict[str, Any] = {"payer": payer, "service_to": date(2026, 1, 20), "denial_category": "coding"}
    claim = denied(date(2026, 2, 20), **service)
    found = deadlines_of(claim, TODAY)
    assert [(each.limit, each.day) for each in found] == [
        (CORRECTION, date(2026, 4, 20)),  # 90 days after the service
        (APPEAL, date(2026, 4, 21)),  # 60 days after the denial
    ]
    assert deadline_of(claim, TODAY) == found[0]
    after = deadline_of(claim, date(2026, 4, 21))
    assert after is not None
    assert (after.limit, after.left) == (APPEAL, 0)  # it can still be appealed
    missed = deadline_of(claim, date(2026, 5, 1))
    assert missed is not None
    assert (missed.limit, missed.left) == (APPEAL, -10)
    others = denied(date(2026, 2, 20), **(service | {"denial_category": "authorisation"}))
    assert [each.limit for each in deadlines_of(others, TODAY)] == [APPEAL]


def test_an_administrator_keeps_the_limits_of_plans_with_their_payer(client: Client, sign_in: Any) -> None:
    sign_in("admin")
    payer = make_payer("Acme")
    prefixes = ("aliases", "plan_limits")
    sent = {f"{prefix}-{name}": "0" for prefix in prefixes for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    sent |= {"name": "Acme", "timely_filing_days": "90", "appeal_days": "60", "is_active": "on"}
    sent |= {"plan_limits-TOTAL_FORMS": "1", "plan_limits-0-plan_group": "GOLD"}
    sent |= {"plan_limits-0-filing_days": "30", "plan_limits-0-appeal_days": ""}
    assert client.post(f"/admin/claims/payer/{payer.pk}/change/", sent).status_code == 302
    limit = PlanLimit.objects.get()
    assert (limit.payer, limit.plan_group, limit.filing_days, limit.appeal_days) == (payer, "GOLD", 30, None)
