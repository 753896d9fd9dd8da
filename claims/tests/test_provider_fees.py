"""Providers' net fees: exact whatever writes the lines, on both databases, alone or beside one another."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from claims import changes, provider_fees
from claims.changes import Change
from claims.models import Claim, ClaimLine, ProviderChange, ProviderTotal
from claims.numbers import next_numbers
from claims.provider_fees import top_providers
from rcm_site.testing.makers import make_claim, make_department, make_line, make_provider, make_user
from rcm_site.testing.threads import at_once

ANN, BEN, CAT = "1000000001", "1000000002", "1000000003"


def top(user: User, limit: int = 10, **period: date) -> list[tuple[str, str, int]]:
    return [(each.npi, str(each.net_fee), each.lines) for each in top_providers(user, limit, **period)]


def write(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)


# What is counted -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_each_provider_is_credited_with_their_own_lines() -> None:
    director = make_user("director")
    make_claim(fees=[(ANN, "10.10"), (BEN, "20.20"), (ANN, "0.05")])
    make_claim(fees=[(BEN, "0.01")])
    assert top(director) == [(BEN, "20.21", 2), (ANN, "10.15", 2)]
    assert top(director, 1) == [(BEN, "20.21", 2)]


@pytest.mark.django_db
def test_equal_fees_are_in_the_order_of_npis_and_a_loss_is_last() -> None:
    director = make_user("director")
    claim = make_claim(fees=[(CAT, "5.00"), (ANN, "5.00"), (BEN, "1.00")])
    ClaimLine.objects.filter(claim=claim, provider__npi=BEN).update(allowed_fees=Decimal(3))
    assert top(director) == [(ANN, "5.00", 1), (CAT, "5.00", 1), (BEN, "-2.00", 1)]
    assert [each.rank for each in top_providers(director, 3)] == [1, 2, 3]


@pytest.mark.django_db
def test_a_void_claim_counts_nothing_until_it_is_restored() -> None:
    director = make_user("director")
    claim = make_claim(fees=[(ANN, "10.00"), (BEN, "1.00")])
    change = Change(make_user("admin"))
    changes.void(claim=claim, change=change)
    assert top(director) == []
    changes.change_status(claim=claim, to="submitted", change=change)
    assert top(director) == [(ANN, "10.00", 1), (BEN, "1.00", 1)]


@pytest.mark.django_db
def test_a_line_without_a_fee_or_a_provider_is_not_counted() -> None:
    claim = make_claim(fees=[(ANN, "10.00"), (BEN, "1.00")])
    ClaimLine.objects.filter(provider__npi=ANN).update(copay=None)
    ClaimLine.objects.filter(provider__npi=BEN).update(provider=None)
    assert top(make_user("director")) == []
    claim.delete()
    assert provider_fees.miscounted() == {}


@pytest.mark.django_db
def test_whoever_sees_some_departments_gets_the_fees_of_those() -> None:
    imaging, surgery = make_department(), make_department()
    make_claim(fees=[(ANN, "10.00")], department=imaging)
    make_claim(fees=[(BEN, "99.00")], department=surgery)
    make_claim(fees=[(ANN, "5.00")], department=imaging, status="void")
    make_claim(fees=[(CAT, "50.00")])
    assert top(make_user("manager", departments=[imaging])) == [(ANN, "10.00", 1)]
    assert top(make_user("manager")) == []


@pytest.mark.django_db
def test_a_period_counts_services_from_its_first_day_to_its_last() -> None:
    director = make_user("director")
    for day in (1, 2, 3, 4):
        make_claim(fees=[(ANN, f"{day}.00")], service_from=date(2026, 11, day))
    make_claim(fees=[(ANN, "50.00")], service_from=date(2026, 11, 2), status="void")
    assert top(director, start=date(2026, 11, 2), end=date(2026, 11, 3)) == [(ANN, "5.00", 2)]
    assert top(director, start=date(2026, 11, 4)) == [(ANN, "4.00", 1)]
    assert top(director, end=date(2026, 11, 1)) == [(ANN, "1.00", 1)]


# Whatever is written ---------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(["claim", "lines", "fee", "credit", "move", "void", "restore", "drop",
                                      "erase", "clear", "fold", "undo"])),
              st.integers(0, 5), st.integers(0, 100_000)),
    min_size=5, max_size=25,
)  # fmt: skip


class History:
    """Claims and lines as raw SQL may treat them, no program of ours in between."""

    def __init__(self) -> None:
        self.providers = [make_provider(npi).pk for npi in (ANN, BEN, CAT)]
        self.claims = [make_claim().pk for _ in range(3)]

    def do(self, step: str, which: int, cents: int) -> None:
        claim = self.claims[which % len(self.claims)].hex
        provider = self.providers[cents % 3]
        id_is = f"replace(cast(id AS text), '-', '') = '{claim}'"
        of_claim = f"replace(cast(claim_id AS text), '-', '') = '{claim}'"
        match step:
            case "claim":
                status = "void" if cents % 2 else "submitted"
                self.claims.append(make_claim(status=status, fees=[(ANN, "1.25"), (BEN, "2.50")]).pk)
            case "lines":
                last = ClaimLine.objects.filter(claim_id=self.claims[which % len(self.claims)]).count()
                rows = [
                    ClaimLine(
                        claim_id=self.claims[which % len(self.claims)],
                        number=1000 * len(self.claims) + cents + last + each,
                        provider_id=self.providers[each % 3] if each < 3 else None,
                        provider_fees=Decimal(cents).scaleb(-2),
                        allowed_fees=each,
                        coinsurance=0,
                        copay=0 if each % 2 else None,
                    )
                    for each in range(4)
                ]
                ClaimLine.objects.bulk_create(rows, ignore_conflicts=bool(cents % 2))
            case "fee":
                write(f"UPDATE claims_claimline SET provider_fees = {cents} WHERE number % 3 = {which % 3}")
            case "credit":
                write(f"UPDATE claims_claimline SET provider_id = {provider} WHERE {of_claim}")
            case "move":
                if not ClaimLine.objects.filter(claim_id=self.claims[which % len(self.claims)]).exists():
                    other = self.claims[cents % len(self.claims)]
                    ClaimLine.objects.filter(claim_id=other).update(
                        claim_id=self.claims[which % len(self.claims)]
                    )
            case "void":
                write(f"UPDATE claims_claim SET status = 'void' WHERE number % 2 = {cents % 2} OR {id_is}")
            case "restore":
                write("UPDATE claims_claim SET status = 'submitted'")
            case "drop":
                write(f"DELETE FROM claims_claimline WHERE {of_claim} AND number % 2 = {cents % 2}")
            case "erase" if len(self.claims) > 1:
                pk = self.claims.pop(which % len(self.claims))
                if cents % 2:
                    Claim.objects.filter(pk=pk).delete()
                else:  # the claim first: its foreign keys are looked at when the transaction ends
                    write(f"DELETE FROM claims_claim WHERE {id_is}")
                    write(f"DELETE FROM claims_claimline WHERE {of_claim}")
            case "clear":
                write("DELETE FROM claims_claimline")
            case "fold":
                provider_fees.fold_changes()
            case "undo":
                with transaction.atomic():
                    self.do("lines", which, cents)
                    transaction.set_rollback(True)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_totals_are_what_the_lines_add_up_to_after_every_step(
    steps: list[tuple[str, int, int]],
) -> None:
    with transaction.atomic():
        history = History()
        for step in steps:
            history.do(*step)
            assert provider_fees.miscounted() == {}, step
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [16, 17, 40])
def test_a_statement_of_many_lines_is_counted_like_a_handful(count: int) -> None:
    director = make_user("director")
    living, void = make_claim(fees=[(ANN, "0.00")]), make_claim(status="void")
    provider = make_provider(ANN)
    ClaimLine.objects.bulk_create(
        ClaimLine(
            claim=claim,
            number=100 + number,
            provider=provider,
            provider_fees=Decimal("1.01"),
            allowed_fees=Decimal(0),
            coinsurance=Decimal(0),
            copay=Decimal(0),
        )
        for number, claim in enumerate([living, void] * (count // 2) + [living] * (count % 2))
    )
    added = count - count // 2
    assert top(director) == [(ANN, str(added * Decimal("1.01")), added + 1)]
    assert provider_fees.miscounted() == {}


@pytest.mark.django_db
def test_lines_before_their_claim_are_counted_too() -> None:
    for status in ("submitted", "void"):
        claim = make_claim(fees=[(ANN, "1.25")], status=status)
        write(
            "CREATE TEMPORARY TABLE kept AS SELECT claim_id, number, provider_id, provider_fees,"
            " allowed_fees, coinsurance, copay FROM claims_claimline"
        )
        claim_row = Claim.objects.get(pk=claim.pk)
        claim.delete()
        write(
            "INSERT INTO claims_claimline (claim_id, number, procedure, modifiers, revenue_code, quadrant,"
            " tooth, units, provider_id, provider_fees, allowed_fees, coinsurance, copay, reference, place)"
            " SELECT claim_id, number, '', '', '', '', '', '', provider_id, provider_fees, allowed_fees,"
            " coinsurance, copay, '', 0 FROM kept"
        )
        claim_row.save(force_insert=True)
        write("DROP TABLE kept")
        assert provider_fees.miscounted() == {}
        Claim.objects.all().delete()


# Beside one another ----------------------------------------------------------------------------------


def add_line(claim: Claim, number: int) -> ClaimLine:
    return make_line(claim, "1.00", number=number, provider=make_provider(ANN))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_void_first", [True, False])
def test_a_line_that_comes_while_its_claim_is_voided_is_not_left_over(is_void_first: bool) -> None:
    claim = make_claim(fees=[(ANN, "10.00")])
    first_done, second_begun = threading.Event(), threading.Event()

    def void() -> None:
        Claim.objects.filter(pk=claim.pk).update(status="void")

    def first() -> None:
        with transaction.atomic():
            void() if is_void_first else add_line(claim, 2)
            first_done.set()
            second_begun.wait(5)
            threading.Event().wait(0.3)

    def second() -> None:
        first_done.wait(5)
        second_begun.set()
        add_line(claim, 2) if is_void_first else void()

    at_once(lambda step: step(), [first, second])
    assert provider_fees.miscounted() == {}
    assert top(make_user("director")) == []


@pytest.mark.django_db(transaction=True)
def test_writers_and_folders_beside_one_another_lose_nothing() -> None:
    providers = [make_provider(npi) for npi in (ANN, BEN, CAT)]
    director = make_user("director")
    seen: list[int] = []

    def writer(order: list[int]) -> Any:
        def run() -> None:
            for _ in range(10):
                with transaction.atomic():
                    claim = Claim.objects.create(number=next_numbers(1)[0], kind="dental", charge=0)
                    for number, each in enumerate(order, start=1):
                        make_line(claim, f"{each + 1}", number=number, provider=providers[each])

        return run

    def folder() -> None:
        for _ in range(15):
            provider_fees.fold_changes(7)
            seen.append(sum(each.lines for each in top_providers(director, 3)))

    at_once(lambda step: step(), [writer([0, 1, 2]), writer([2, 1, 0]), folder, folder])
    while provider_fees.fold_changes():
        pass
    assert not ProviderChange.objects.exists()
    assert dict(ProviderTotal.objects.values_list("provider__npi", "lines")) == {ANN: 20, BEN: 20, CAT: 20}
    assert top(director) == [(CAT, "60.00", 20), (BEN, "40.00", 20), (ANN, "20.00", 20)]
    assert all(lines % 3 == 0 for lines in seen)  # never half a claim


@pytest.mark.django_db(transaction=True)
def test_emptied_tables_leave_no_totals_behind() -> None:
    make_claim(fees=[(ANN, "10.00")])
    if connection.vendor == "postgresql":
        write("TRUNCATE claims_claimline CASCADE")
    else:
        write("DELETE FROM claims_claimline")
    assert provider_fees.miscounted() == {}
    assert top(make_user("director")) == []
