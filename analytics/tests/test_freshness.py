"""What was worked out before is told again only while it is right, and only to whom it is right for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.drilldown import Listed
from analytics.facts import caching
from analytics.facts.caching import code_version, is_told, one_answer, version
from analytics.facts.refreshing import refresh
from analytics.facts.tables import DAYS
from analytics.facts.totals import claims_touched, staff_totals, totals
from analytics.names import LABELS
from analytics.pages.at_risk import at_risk
from analytics.periods import Period
from analytics.questions import ask
from analytics.scopes import Scope
from analytics.underpaid import underpaid
from claims.deadlines import FILING
from claims.models import Claim, ClaimEvent, ClaimLine, Coverage, Payer, PlanLimit, Shortfall
from claims.plan_limits import Lengths
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 11, 2)
MONTH = Period(date(2026, 11, 1), date(2026, 11, 30))
EVERYTHING = Scope(None, today=MONTH.end)


def charges(scope: Scope = EVERYTHING) -> int:
    return int(totals(scope, MONTH, ["charges"])[0].sums["charges"])


@contextmanager
def somebody_else() -> Iterator[BaseDatabaseWrapper]:
    """Another connection, in a transaction of its own."""
    other = connections["default"].copy()
    try:
        other.set_autocommit(False)
        yield other
        other.commit()
    finally:
        other.close()


def charge(claim: Claim, dollars: int, on: BaseDatabaseWrapper | Any = connection) -> None:
    """By raw SQL, past all of our code."""
    with on.cursor() as cursor:
        cursor.execute("UPDATE claims_claim SET charge = %s WHERE number = %s", [dollars * 100, claim.number])


def is_told_again(ask: Callable[[], Any], queries: int = 1) -> bool:
    """Whether it is answered by asking which version there is now, and the same.

    That is another one when a transaction ends that was open before the last change, be it of
    another database on the same server: then it is asked once more.
    """
    for _ in range(5):
        first = ask()
        with CaptureQueriesContext(connection) as asked:
            again = ask()
        if len(asked) == queries:
            return bool(again == first)
    return False


def test_what_is_asked_again_is_not_worked_out_again() -> None:
    make_claim(fees=["10.00"], submitted_on=DAY)
    refresh(DAYS)
    assert charges() == 10
    assert is_told_again(charges)
    assert staff_totals(EVERYTHING, MONTH) == []
    assert is_told_again(lambda: staff_totals(EVERYTHING, MONTH))


def test_why_claims_were_underpaid_is_told_again_only_while_it_is_right() -> None:
    payer, director = make_payer("Aetna"), make_user("director")
    paid: dict[str, Any] = {"status": "paid", "submitted_on": DAY, "paid_on": DAY, "payer": payer}
    claim = make_claim(**paid, charge=Decimal("90.00"), expected=Decimal("90.00"))
    short = {"procedure": "99213", "expected": Decimal("90.00"), "amount": Decimal("88.00")}
    Shortfall.objects.create(claim=claim, cause="below", **short)
    Shortfall.objects.create(claim=claim, cause="law", amount=Decimal("2.00"))
    question = ask(director, {"start": "2026-11-01", "end": "2026-11-30"}, today=MONTH.end)

    def found() -> tuple[list[tuple[str, int]], int]:
        now = underpaid(question)
        return [(each.payer, int(each.dollars)) for each in now.causes], int(now.sums.by_law)

    assert found() == ([("Aetna", 88)], 2)
    assert is_told_again(found, queries=3)  # which version there is, twice, and what payers are called
    with connection.cursor() as cursor:
        cursor.execute("UPDATE claims_shortfall SET amount = amount - 100 WHERE cause = 'below'")
        assert found() == ([("Aetna", 87)], 2)
        cursor.execute("UPDATE claims_shortfall SET amount = amount + 100 WHERE cause = 'law'")
    assert found() == ([("Aetna", 87)], 3)
    refresh(DAYS)
    Payer.objects.update(name="Cigna")
    assert found() == ([("Cigna", 87)], 3)
    Shortfall.objects.all().delete()
    assert found() == ([], 0)


def test_which_claims_a_number_counts_is_told_again_only_while_it_is_right() -> None:
    def listed() -> tuple[list[UUID], int]:
        found = Listed(("submitted",), EVERYTHING, MONTH, most=10)
        return found[0:26], found.count()

    first, ana = make_claim(submitted_on=DAY), make_user()
    noon = timezone.make_aware(datetime.combine(DAY, time(12)))
    ClaimEvent.objects.create(claim=first, actor=ana, action="called", at=noon)
    assert (listed(), claims_touched(EVERYTHING, MONTH)) == (([first.pk], 1), 1)
    assert is_told_again(lambda: (listed(), claims_touched(EVERYTHING, MONTH)), queries=3)
    second = make_claim(submitted_on=DAY)
    assert listed() == ([second.pk, first.pk], 2)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE claims_claim SET status = 'void' WHERE number = %s", [first.number])
    assert (listed(), claims_touched(EVERYTHING, MONTH)) == (([second.pk], 1), 0)


def test_what_is_at_risk_is_told_again_only_while_claims_and_limits_are_the_same() -> None:
    def found() -> list[int]:
        return [each.claims for each in at_risk(EVERYTHING, FILING, Lengths())]

    payer = make_payer(timely_filing_days=90)
    claim = make_claim(payer=payer, status="submitted", fees=["10.00"], submitted_on=DAY)
    Claim.objects.update(service_from=None, service_to=EVERYTHING.today - timedelta(days=80))
    assert found() == [0, 1, 1]
    assert is_told_again(
        found, queries=3
    )  # which version there is, and how long payers' and plans' limits are
    with connection.cursor() as cursor:
        later = EVERYTHING.today - timedelta(days=85)
        cursor.execute("UPDATE claims_claim SET service_to = %s WHERE number = %s", [later, claim.number])
    assert found() == [1, 1, 1]
    Payer.objects.update(timely_filing_days=110)
    assert found() == [0, 0, 1]
    PlanLimit.objects.create(payer=payer, plan_group="GOLD", filing_days=30)
    coverage = Coverage.objects.create(plan_group="SILVER", subscriber="M1")
    ClaimLine.objects.update(coverage=coverage)
    assert found() == [0, 0, 1]
    Coverage.objects.update(plan_group="GOLD")  # of which no mark tells
    assert found() == [0, 0, 0]


def test_a_change_is_seen_at_the_very_next_read() -> None:
    claim = make_claim(fees=["10.00"], submitted_on=DAY)
    for dollars in (20, 30, 20):
        charge(claim, dollars)
        assert charges() == dollars
    refresh(DAYS)
    assert charges() == 20
    claim.delete()
    assert charges() == 0


def test_answers_stay_right_as_they_grow_too_long_to_be_kept_and_shrink(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(caching, "MOST_ROWS", 1)
    monkeypatch.setattr(caching, "MOST_OF_LONG", 2)

    def payers() -> int:
        return len(totals(EVERYTHING, MONTH, ["charges"], by=("payer",)))

    claims = []
    for number, is_kept in ((1, True), (2, True), (3, False)):
        claims.append(make_claim(payer=make_payer(), submitted_on=DAY))
        refresh(DAYS)
        assert payers() == number
        assert is_told_again(payers) == is_kept
    for number in (2, 1):
        claims.pop().delete()
        refresh(DAYS)
        assert payers() == number
        assert is_told_again(payers)


def test_nothing_is_kept_of_a_change_that_was_taken_back() -> None:
    claim = make_claim(fees=["10.00"], submitted_on=DAY)
    with transaction.atomic():
        charge(claim, 90)
        assert charges() == 90
        transaction.set_rollback(True)
    assert charges() == 10
    charge(claim, 50)
    assert charges() == 50


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="writers take turns there")
def test_changes_are_seen_in_whatever_order_they_are_committed() -> None:
    early, late = (make_claim(fees=["10.00"], submitted_on=DAY) for _ in range(2))
    while refresh(DAYS):
        pass
    seen = {version()}
    with somebody_else() as first:
        charge(early, 20, on=first)
        with somebody_else() as second:
            charge(late, 30, on=second)
        assert charges() == 40
        assert version() not in seen
        seen.add(version())
        assert version() in seen
    assert version() not in seen
    assert charges() == 50


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="it has no TRUNCATE")
def test_emptying_a_table_is_another_version_also_where_no_facts_are_kept() -> None:
    before = version()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE claims_adjustment")
    assert version() != before


def test_two_who_see_different_claims_share_nothing() -> None:
    heart, bones = make_department("Heart"), make_department("Bones")
    payer = make_payer("Aetna")
    make_claim(fees=["10.00"], submitted_on=DAY, department=heart)
    make_claim(fees=["70.00"], submitted_on=DAY, department=bones, payer=payer)
    for _ in range(2):
        assert charges() == 80
        assert charges(Scope((heart.pk,), today=MONTH.end)) == 10
        assert charges(Scope((bones.pk,), today=MONTH.end)) == 70
        assert charges(Scope((), today=MONTH.end)) == 0
        assert charges(EVERYTHING.narrowed(payer=payer.pk)) == 70
        assert charges(EVERYTHING.narrowed(payer="none")) == 10


def noted_in(statements: list[str]) -> Callable[..., Any]:
    """Notes each statement; Django's own log has no words for one that PostgreSQL has planned already."""

    def note(execute: Callable[..., Any], sql: str, *asked: Any) -> Any:
        statements.append(sql)
        return execute(sql, *asked)

    return note


def test_with_the_cache_off_everything_is_read_each_time(settings: Any) -> None:
    settings.FACTS_CACHE = False
    make_claim(fees=["10.00"], submitted_on=DAY)
    while refresh(DAYS):
        pass
    for _ in range(2):
        asked: list[str] = []
        with connection.execute_wrapper(noted_in(asked)):
            assert charges() == 10
        assert len(asked) == 1
        assert "analytics_dirtyday" in asked[0]


def test_what_no_mark_tells_of_is_never_kept() -> None:
    """Who works a claim may change without any fact becoming outdated."""
    assert is_told(EVERYTHING.narrowed(payer=3, provider=4, category="coding"), by=("department", "month"))
    for asked in ({"assignee": 3}, {"procedure": "D1110"}, {"plan": "GRP"}, {"reason": "CO-16"}):
        assert not is_told(EVERYTHING.narrowed(**asked))


def test_other_code_is_another_version(tmp_path: Path) -> None:
    kpis = tmp_path / "kpis.py"
    kpis.write_text("share(denied, of=decided)")
    before = code_version(tmp_path)
    assert code_version(tmp_path) == before
    kpis.write_text("share(denied, of=submitted)")
    assert code_version(tmp_path) != before


def test_an_answer_reads_once_what_things_are_called_and_the_next_one_anew() -> None:
    payer = make_payer("Aetna")
    name_of = LABELS["payer"]

    with one_answer(), CaptureQueriesContext(connection) as asked:
        assert name_of({payer.pk}) == name_of({payer.pk}) == {payer.pk: "Aetna"}
        assert name_of({None, 0}) == {None: "No payer", 0: "no. 0"}
    assert len(asked) == 1

    Payer.objects.filter(pk=payer.pk).update(name="Aetna Better Health")
    with one_answer():
        assert name_of({payer.pk}) == {payer.pk: "Aetna Better Health"}
