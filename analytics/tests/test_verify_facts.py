"""The command that proves the facts finds what is wrong with them."""

from __future__ import annotations

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from analytics.facts import fact_triggers
from analytics.facts.caching import version
from analytics.facts.fact_triggers import missing_triggers
from analytics.facts.totals import is_catching_up
from analytics.models import DayFact, DirtyDay, ProviderFact
from analytics.tasks import refresh_facts
from claims.models import Claim, ClaimLine
from rcm_site.testing.makers import make_claim

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
