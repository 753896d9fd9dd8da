"""The command that proves the facts finds what is wrong with them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from analytics.facts import fact_triggers
from analytics.facts.caching import version
from analytics.facts.fact_triggers import missing_triggers
from analytics.facts.totals import is_catching_up
from analytics.models import (
    CodeFact,
    CodeMonth,
    DayFact,
    DepartmentFact,
    DepartmentMonth,
    DirtyDay,
    MonthFact,
    PayerCodeMonth,
    PayerFact,
    PayerMonth,
    ProviderCodeFact,
    ProviderCodeMonth,
    ProviderFact,
    ProviderTotalMonth,
)
from analytics.models.facts import Measured
from analytics.tasks import refresh_facts
from claims.models import Claim, ClaimLine, ProviderTotal
from rcm_site.testing.makers import make_claim, make_provider

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 3)


def verify() -> str:
    said = StringIO()
    call_command("verify_facts", stdout=said, stderr=said)
    return said.getvalue()


def test_facts_are_right_before_and_after_they_are_refreshed() -> None:
    make_claim(fees=["10.00"], submitted_on=DAY)
    assert "to the cent" in verify()
    assert refresh_facts() > 0
    assert refresh_facts() == 0
    assert not DirtyDay.objects.exists()
    assert DayFact.objects.get(day=DAY).charges == 10
    assert "to the cent" in verify()


@pytest.mark.parametrize("model", [DayFact, ProviderFact])
def test_a_cent_too_many_is_found(model: type[DayFact] | type[ProviderFact]) -> None:
    make_claim(fees=["10.00"], submitted_on=DAY)
    refresh_facts()
    model._default_manager.filter(submitted=1).update(net_fees=F("net_fees") + 1)
    said = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("verify_facts", stdout=said, stderr=said)
    assert refused.value.returncode == 1
    assert "net_fees is told as" in said.getvalue()
    assert "charges" not in said.getvalue()


def test_a_cent_too_many_in_the_total_of_a_provider_is_found() -> None:
    make_claim(fees=["10.00"], submitted_on=DAY)
    assert "to the cent" in verify()
    provider = make_provider()
    ProviderTotal.objects.create(provider=provider, net_fee=Decimal("0.01"), lines=1)
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_facts", stdout=said, stderr=said)
    assert f"Provider {provider.pk} has 1 cents and 1 lines too many in its total." in said.getvalue()


def test_what_differs_is_told_as_it_is_found_and_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for month in (5, 6, 7):
        make_claim(fees=["10.00"], submitted_on=date(2026, month, 3))
    while refresh_facts():
        pass
    months = "May 2026 …", "June 2026 …", "July 2026 …"
    assert [line for line in verify().splitlines() if line.endswith("…")][:3] == [*months]
    DayFact.objects.update(charges=F("charges") + 1)
    monkeypatch.setattr("analytics.management.commands.verify_facts.MOST_NAMED", 2)
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_facts", stdout=said, stderr=said)
    told = said.getvalue().splitlines()
    assert [line.split(":")[0] for line in told] == [
        *("May 2026 …", "day facts, day 2026-05-03, payer none, department none, kind dental"),
        *("June 2026 …", "day facts, day 2026-06-03, payer none, department none, kind dental"),
        "There may be more.",
    ]


def test_months_with_neither_claims_nor_facts_are_passed_over() -> None:
    make_claim(fees=["10.00"], submitted_on=date(1925, 6, 3))
    make_claim(fees=["10.00"], submitted_on=DAY)
    while refresh_facts():
        pass
    looked_at = [line for line in verify().splitlines() if line.endswith("…")]
    assert "June 1925 …" in looked_at
    assert "June 2026 …" in looked_at
    assert not [month for month in looked_at if "1925" < month.split()[1] < "2020"]
    DayFact.objects.filter(day__year=1925).update(day=date(1960, 2, 1))
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_facts", stdout=said, stderr=said)
    assert "June 1925" in said.getvalue()
    assert "day 1960-02-01" in said.getvalue()


@pytest.mark.parametrize(
    "model", [PayerFact, PayerMonth, DepartmentFact, DepartmentMonth, DayFact, MonthFact, ProviderTotalMonth]
)
def test_a_line_too_few_in_the_facts_of_days_and_of_months_is_found(model: type[Measured]) -> None:
    make_claim(fees=["10.00"], submitted_on=DAY)
    refresh_facts()
    assert "to the cent" in verify()
    model._default_manager.update(fee_lines=0)
    with pytest.raises(CommandError):
        verify()


@pytest.mark.parametrize("day", [3, 18, 29])
def test_codes_of_a_day_and_of_a_month_are_compared_each(day: int) -> None:
    make_claim(fees=["10.00"], status="denied", submitted_on=DAY, decided_on=DAY.replace(day=day))
    refresh_facts()
    for kept in (CodeFact, CodeMonth, PayerCodeMonth):
        kept.objects.filter(name="procedure").update(denied=F("denied") + 1)
        with pytest.raises(CommandError):
            verify()
        kept.objects.filter(name="procedure").update(denied=F("denied") - 1)
    assert "to the cent" in verify()


@pytest.mark.parametrize("model", [ProviderCodeFact, ProviderCodeMonth])
def test_a_cent_too_many_of_what_a_provider_renders_is_found(
    model: type[ProviderCodeFact] | type[ProviderCodeMonth],
) -> None:
    make_claim(fees=["10.00"], submitted_on=DAY)
    refresh_facts()
    assert "to the cent" in verify()
    assert model._default_manager.filter(name="rendered").update(net_fees=F("net_fees") + 1) == 1
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_facts", stdout=said, stderr=said)
    assert "rendered facts" in said.getvalue()


def test_a_missing_trigger_is_found() -> None:
    table = "claims_claimline"
    name = "mark_lines_insert" if connection.vendor == "postgresql" else f"{table}_mark_insert"
    on = f" ON {table}" if connection.vendor == "postgresql" else ""
    assert not missing_triggers()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")
    assert missing_triggers() == {name}
    with pytest.raises(CommandError):
        verify()


def test_a_migration_that_drops_the_triggers_gets_all_of_them_back() -> None:
    editor = connection.schema_editor()
    fact_triggers.drop(editor)
    assert missing_triggers() == fact_triggers.trigger_names()
    fact_triggers.create(editor)
    assert not missing_triggers()


def test_every_change_and_every_refresh_makes_another_version() -> None:
    seen = [version()]

    def changed() -> bool:
        seen.append(version())
        return seen[-1] not in seen[:-1]

    claim = make_claim(fees=["10.00"], submitted_on=DAY)
    assert changed()
    Claim.objects.filter(pk=claim.pk).update(charge=11)
    assert changed()
    Claim.objects.filter(pk=claim.pk).update(charge=12)  # the day is marked already
    assert changed()
    refresh_facts()
    assert changed()
    assert not changed()
    ClaimLine.objects.filter(claim=claim).update(copay=1)
    assert changed()
    refresh_facts()  # the day was marked since the last look, and may be again
    refresh_facts()
    assert changed()


def test_many_outdated_days_are_said_to_be_caught_up_with() -> None:
    assert not is_catching_up()
    DirtyDay.objects.bulk_create(
        DirtyDay(fact=DirtyDay.Fact.DAY, day=date.fromordinal(DAY.toordinal() + each)) for each in range(61)
    )
    assert is_catching_up()
