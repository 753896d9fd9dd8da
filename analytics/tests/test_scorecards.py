"""Payers and providers beside one another: each row is its KPIs, all rows together the KPIs of all."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from analytics.catalogue import figures
from analytics.denials import by_procedure
from analytics.facts.refreshing import refresh
from analytics.facts.tables import DAYS
from analytics.models import ProviderCodeFact, ProviderCodeMonth
from analytics.periods import Period
from analytics.questions import Question
from analytics.scopes import NONE, Scope, scope_of
from analytics.scorecards import (
    PAYER_KPIS,
    PROVIDER_KPIS,
    Rendered,
    ScoreRow,
    procedures,
    scorecard,
)
from claims.models import Claim, ClaimLine, Provider
from claims.provider_fees import top_providers
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_provider, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 20)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
ALL = Question(Scope(None, today=TODAY), NOVEMBER)


def refresh_all() -> None:
    while refresh(DAYS):
        pass


def decided(status: str, on: date, charge: str = "100.00", days: int = 20, **fields: Any) -> Claim:
    """A claim decided on a day, so many days after it was submitted."""
    paid = {"paid": Decimal(charge), "paid_on": on} if status == "paid" else {"denial_category": "coding"}
    return make_claim(
        charge=Decimal(charge),
        submitted_on=date.fromordinal(on.toordinal() - days),
        status=status,
        decided_on=on,
        first_decided_on=on,
        first_decision=status,
        **paid | fields,
    )


def november(day: int) -> date:
    return date(2026, 11, day)


def row(rows: list[ScoreRow], key: Any) -> ScoreRow:
    return next(each for each in rows if each.key == key)


def test_a_payers_row_by_hand_and_how_it_shifted() -> None:
    aetna, cigna = make_payer("Aetna"), make_payer("Cigna")
    for day in (3, 4, 5):
        decided("paid", november(day), days=30, payer=aetna)
    decided("denied", november(6), payer=aetna)
    decided("paid", date(2026, 10, 10), days=18, payer=aetna)  # the 30 days before
    decided("paid", november(7), payer=cigna)
    make_claim(charge=Decimal("55.50"), submitted_on=november(2), payer=aetna)
    found = row(scorecard(ALL, PAYER_KPIS, "payer").rows, aetna.pk)
    values = {key: figure.value for key, figure in found.now.items()}
    assert values["denial_rate"] == 25
    assert values["average_days_to_pay"] == 30
    assert values["claims_submitted"] == 1  # the others came in October
    assert values["gross_charges"] == Decimal("55.50")
    assert values["open_ar"] == Decimal("155.50")  # with the one denied
    assert (found.shift("denial_rate"), found.shift("average_days_to_pay")) == (25, 12)
    assert found.shift("open_ar") is None  # how things stand is not compared


def test_what_is_compared_with_nothing_has_not_moved() -> None:
    aetna = make_payer("Aetna")
    decided("paid", november(3), payer=aetna)
    decided("paid", date(2026, 10, 10), payer=aetna)
    alone = Question(ALL.scope, NOVEMBER, compare="none")
    assert scorecard(alone, PAYER_KPIS, "payer").rows[0].shift("average_days_to_pay") is None


@pytest.mark.parametrize(("dimension", "kpis"), [("payer", PAYER_KPIS), ("provider", PROVIDER_KPIS)])
def test_all_rows_together_are_the_kpis_and_each_row_is_its_own(dimension: str, kpis: Any) -> None:
    heart, bones = make_department("Heart"), make_department("Bones")
    for place, status in enumerate(("paid", "denied", "paid", "paid", "denied", "paid")):
        decided(
            status,
            november(3 + place),
            charge=f"{100 + place}.35",
            days=2 + 19 * place,
            payer=make_payer(f"Payer {place % 3}") if place < 5 else None,
            provider=make_provider(f"100000000{place % 2}") if place else None,
            department=(heart, bones)[place % 2],
            fees=[(f"100000000{place % 3}", "12.34")],
        )
    scope = scope_of(make_user("manager", departments=[heart]), today=TODAY)
    for asked in (ALL, Question(scope, NOVEMBER)):
        card = scorecard(asked, kpis, dimension)
        assert card.total.now == figures(kpis, asked.scope, NOVEMBER)
        for each in card.rows:
            one = asked.scope.narrowed(**{dimension: each.key or NONE})
            assert each.now == figures(kpis, one, NOVEMBER)
    assert len(card.rows) >= 2


def test_providers_net_fees_over_all_time_are_the_totals_that_the_database_keeps() -> None:
    for place in range(9):
        make_claim(
            fees=[(f"100000000{place % 4}", f"{place}.10"), ("1000000009", "3.33")],
            submitted_on=date(2021 + place % 5, 1 + place, 3),
            service_from=date(2020 + place % 5, 2 + place, 28) if place % 2 else None,
            provider=make_provider("1000000007"),
            status="void" if place == 8 else "submitted",
        )
    ever = Question(ALL.scope, Period(date(2015, 1, 1), date(2029, 12, 31)))
    npis = dict(Provider.objects.values_list("pk", "npi"))
    found = {
        npis[each.key]: (each.now["net_fee"].value, each.now["net_fee"].n)
        for each in scorecard(ever, PROVIDER_KPIS, "provider").rows
        if each.now["net_fee"].n
    }
    kept = top_providers(make_user("director"), 100)
    assert found == {each.npi: (each.net_fee, each.lines) for each in kept}
    assert len(found) == 5


def test_what_a_provider_renders_adds_up_to_the_net_fee() -> None:
    claim = make_claim(
        fees=[("1000000001", "50.00"), ("1000000001", "7.25"), ("1000000002", "9.00")],
        submitted_on=november(3),
    )
    ClaimLine.objects.filter(claim=claim, number=2).update(procedure="D0120", service_date=november(2))
    scope = ALL.scope.narrowed(provider=Provider.objects.get(npi="1000000001").pk)
    assert procedures(scope, NOVEMBER) == [
        Rendered("D1110", 1, Decimal("50.00")),
        Rendered("D0120", 1, Decimal("7.25")),
    ]


@pytest.mark.parametrize("period", [NOVEMBER, Period(november(2), november(28))])
def test_what_a_provider_renders_is_right_from_facts_and_from_the_very_next_change(period: Period) -> None:
    def told() -> list[Rendered]:
        return procedures(scope, period)

    first = make_claim(fees=[("1000000001", "50.00"), ("1000000001", "7.25")], service_from=november(3))
    make_claim(fees=[("1000000001", "1.00"), ("1000000002", "9.00")], service_from=november(3))
    scope = ALL.scope.narrowed(provider=Provider.objects.get(npi="1000000001").pk)
    assert told() == [Rendered("D1110", 3, Decimal("58.25"))]
    refresh_all()
    assert told() == [Rendered("D1110", 3, Decimal("58.25"))]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE claims_claimline SET procedure = 'D0120' WHERE claim_id = %s AND number = 2",
            [first.pk.hex],
        )
    expected = [Rendered("D1110", 2, Decimal("51.00")), Rendered("D0120", 1, Decimal("7.25"))]
    assert told() == expected
    refresh_all()
    assert told() == expected
    for kept in (ProviderCodeFact, ProviderCodeMonth):
        kept.objects.filter(code="D0120").update(fee_lines=5)  # told by no line: so it is read from there
    assert told()[1].lines == 5
    make_claim(fees=[("1000000001", "2.00")], service_from=november(4))
    assert told()[0] == Rendered("D1110", 3, Decimal("53.00"))


def test_what_is_denied_of_a_provider_counts_for_the_claims_own_provider_and_department() -> None:
    drill, other = make_provider("1000000001"), make_provider("1000000002")
    dental = make_department("Dental")
    for provider, status, department in (
        (drill, "denied", dental),
        (drill, "paid", dental),
        (drill, "denied", None),
        (other, "denied", dental),
    ):
        claim = decided(status, november(5), provider=provider, department=department)
        for number, line_of in ((1, drill), (2, other)):  # who renders a line is another question
            ClaimLine.objects.create(
                claim=claim,
                number=number,
                procedure="D1110",
                provider=line_of,
                provider_fees=1,
                allowed_fees=0,
                coinsurance=0,
                copay=0,
            )
    scope = ALL.scope.narrowed(provider=drill.pk)
    within = Scope((dental.pk,), today=TODAY, provider=drill.pk)
    for _ in range(2):
        for asked, known in ((scope, ("D1110", 2, 3)), (within, ("D1110", 1, 2))):
            (row,) = by_procedure(asked, NOVEMBER)
            assert (row.procedure, row.claims, row.decided) == known
            assert row.dollars == 100 * row.claims
        refresh_all()
