"""Each KPI worked by hand once, and each equal to the claims behind it."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.aging import aging
from analytics.cards import Good
from analytics.catalogue import FEW, KPIS, Kpi, Ratio, Unit, figures, kpi, share
from analytics.drilldown import Listed, Part
from analytics.facts.measures import MEASURES
from analytics.facts.refreshing import refresh
from analytics.facts.tables import DAYS
from analytics.kpis import KPIS as REGISTERED
from analytics.periods import Period, Step
from analytics.scopes import Scope, scope_of
from claims.models import Adjustment, Claim, ClaimEvent, ClaimPayment
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

from .histories import LAST, World

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 30)
ALL = Scope(None, today=TODAY)
JUNE = Period(date(2026, 6, 1), TODAY)
MAY = Period(date(2026, 5, 1), date(2026, 5, 31))


def june(day: int) -> date:
    return date(2026, 6, day)


def noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))


def bill(charge: str, on: date = JUNE.start, **fields: Any) -> Claim:
    """A claim submitted on a day, decided and paid as it says."""
    decided = fields.get("decided_on")
    if decided and "first_decision" not in fields:
        first = "denied" if fields.get("status") in ("denied", "appealed") else "paid"
        fields |= {"first_decision": first, "first_decided_on": decided}
    if fields.get("status") == "paid":
        fields.setdefault("paid_on", decided)
    if fields.get("status") in ("denied", "appealed"):
        fields.setdefault("denial_category", "coding")
    given: dict[str, Any] = {"charge": Decimal(charge), "submitted_on": on, "received_at": noon(on)}
    return make_claim(**given | fields)


def pay(claim: Claim, paid: str, on: date, contractual: str = "0") -> None:
    payment = ClaimPayment.objects.create(claim=claim, state="posted", paid_on=on, paid=Decimal(paid))
    if Decimal(contractual):
        Adjustment.objects.create(
            payment=payment, claim=claim, group="CO", reason="45", amount=Decimal(contractual)
        )
    Adjustment.objects.create(payment=payment, claim=claim, group="PR", reason="1", amount=Decimal("5.00"))
    Claim.objects.filter(pk=claim.pk).update(
        paid=claim.paid + Decimal(paid), adjusted=claim.adjusted + Decimal(contractual)
    )


def happens(claim: Claim, before: str, after: str, on: date) -> None:
    ClaimEvent.objects.create(claim=claim, at=noon(on), action="x", from_status=before, to_status=after)


def value(key: str, period: Period = JUNE, scope: Scope = ALL) -> tuple[Decimal | None, int]:
    figure = KPIS[key].value(scope, period)
    return (None if figure.value is None else figure.value.quantize(Decimal("0.0001"))), figure.n


def about(number: str, n: int) -> tuple[Decimal, int]:
    return Decimal(number).quantize(Decimal("0.0001")), n


@pytest.fixture
def decisions() -> None:
    """Decided in June: two paid, one denied, one appealed since, one given up since, one rebill paid."""
    bill("100.00", status="paid", decided_on=june(10))
    bill("200.00", status="paid", decided_on=june(30))
    bill("300.00", status="denied", decided_on=june(1))
    bill("50.00", status="appealed", decided_on=june(12))
    bill(
        "60.00",
        status="written_off",
        decided_on=june(13),
        first_decision="denied",
        first_decided_on=june(2),
        denial_category="coding",
        written_off=Decimal("60.00"),
    )
    bill("90.00", status="paid", decided_on=june(14), frequency="7")
    bill("1000.00", status="denied", decided_on=date(2026, 5, 31))  # in May
    bill("1000.00", status="void", decided_on=june(14), denial_category="coding")  # counts nowhere
    bill("40.00")  # not decided


def test_denial_rate_counts_only_decided_claims(decisions: None) -> None:
    assert value("denial_rate") == about("50", 6)  # 3 of 6


def test_denial_rate_of_all_counts_what_stands_denied(decisions: None) -> None:
    assert value("denial_rate_of_all") == about("25", 8)  # 2 of the 8 that are not void


def test_denied_dollars_rate_weighs_by_charge(decisions: None) -> None:
    assert value("denied_dollars_rate") == about("51.25", 6)  # (300 + 50 + 60) ÷ 800


def test_denied_charges_are_those_of_claims_last_denied(decisions: None) -> None:
    assert value("denied_charges") == about("410", 3)  # 300 + 50 + 60


def test_initial_denial_rate_leaves_rebills_out(decisions: None) -> None:
    assert value("initial_denial_rate") == about("60", 5)  # 3 of 5; the rebill and May's are not among them


def test_first_pass_resolution_is_paid_at_once_and_no_rebill(decisions: None) -> None:
    assert value("first_pass_resolution") == about("33.3333", 6)  # 2 of 6


def test_clean_claim_rate_counts_rejections_at_intake() -> None:
    for answer in ("accepted", "", "", "rejected"):
        bill("10.00", at_intake=answer)
    bill("10.00", MAY.end, at_intake="rejected")
    assert value("clean_claim_rate") == about("75", 4)


def test_average_days_to_pay_counts_by_day_of_payment() -> None:
    bill("10.00", date(2026, 5, 1), status="paid", decided_on=june(1))  # 31 days
    bill("10.00", june(10), status="paid", decided_on=june(20))  # 10 days
    bill("10.00", june(10), status="denied", decided_on=june(20), paid_on=june(15))  # denied since
    bill("10.00", date(2026, 1, 1), status="paid", decided_on=date(2026, 5, 31))  # in May
    assert value("average_days_to_pay") == about("20.5", 2)


@pytest.fixture
def money() -> None:
    first = bill("1000.00")
    pay(first, "400.00", june(15), contractual="250.00")
    pay(first, "-100.00", june(20), contractual="-50.00")  # taken back
    older = bill("500.00", date(2026, 5, 15))
    pay(older, "300.00", june(30))
    pay(older, "20.00", MAY.end)


def test_collection_rates_date_payments_by_payment_and_charges_by_submission(money: None) -> None:
    assert value("cash_collected") == about("600", 3)
    assert value("net_collection_rate") == about("75", 3)  # 600 ÷ (1000 − 200)
    assert value("gross_collection_rate") == about("60", 3)  # 600 ÷ 1000


def test_payments_of_void_claims_count_nowhere(money: None) -> None:
    Claim.objects.update(status="void")
    assert value("net_collection_rate") == (None, 0)


def test_denial_write_offs_are_set_against_net_charges(money: None) -> None:
    denied = bill(
        "80.00",
        MAY.start,
        status="written_off",
        first_decision="denied",
        first_decided_on=MAY.end,
        written_off=Decimal("80.00"),
    )
    happens(denied, "denied", "written_off", june(3))
    small = bill("9.00", MAY.start, status="written_off", written_off=Decimal("9.00"))  # never denied
    happens(small, "pending", "written_off", june(3))
    assert value("denial_write_off_rate") == about("10", 1)  # 80 ÷ (1000 − 200)
    Claim.objects.filter(pk=denied.pk).update(written_off=Decimal("20.00"))  # 60 came in after all
    assert value("denial_write_off_rate") == about("2.5", 1)


def test_days_in_ar_set_what_is_owed_against_daily_charges() -> None:
    bill("3000.00", expected=Decimal("1800.00"))
    bill("900.00", MAY.start)  # nobody said what is expected
    bill("600.00", MAY.start, status="paid", decided_on=MAY.end)  # closed
    credit = bill("10.00", MAY.start)
    pay(credit, "25.00", MAY.end)
    assert value("open_ar") == about("3900", 2)
    assert value("gross_days_in_ar") == about("39", 2)  # 3900 ÷ (3000 ÷ 30)
    assert value("net_days_in_ar") == about("27", 2)  # (1800 + 900) ÷ (3000 ÷ 30)
    assert value("credit_balances") == about("15", 1)


def test_ar_ages_from_submission() -> None:
    for charge, days in (("1", 0), ("2", 30), ("4", 31), ("8", 60), ("16", 61), ("32", 90), ("64", 91)):
        bill(charge, Period(TODAY, TODAY).end - days * (june(2) - june(1)))
    for charge, days in (("128", 120), ("256", 121)):
        bill(charge, TODAY - days * (june(2) - june(1)))
    assert [value(key) for key in ("ar_0_30", "ar_31_60", "ar_61_90", "ar_91_120", "ar_over_120")] == [
        about("3", 2),
        about("12", 2),
        about("48", 2),
        about("192", 2),
        about("256", 1),
    ]
    assert value("aged_ar_over_90") == about("87.6712", 9)  # 448 ÷ 511
    assert [bucket["owed"] for bucket in aging(ALL, TODAY)[None]] == [3, 12, 48, 192, 256]


def test_ar_of_a_past_day_puts_back_what_came_since() -> None:
    paid = bill("100.00", date(2026, 4, 1), status="paid", decided_on=june(5))
    pay(paid, "0.00", MAY.start, contractual="30.00")
    paid.refresh_from_db()
    pay(paid, "50.00", june(5), contractual="20.00")
    given_up = bill("40.00", date(2026, 5, 20), status="written_off", written_off=Decimal("40.00"))
    happens(given_up, "pending", "written_off", june(1))
    bill("7.00", MAY.end)
    bill("9.00", june(1))  # not there yet
    closed = bill("11.00", date(2026, 4, 1), status="paid", decided_on=date(2026, 5, 30))
    pay(closed, "11.00", date(2026, 5, 30))
    assert value("open_ar", MAY) == about("117", 3)  # 70 + 40 + 7
    assert value("ar_31_60", MAY) == about("70", 1)
    assert value("open_ar") == about("16", 2)
    assert KPIS["open_ar"].claims(ALL, MAY).count() == 3


def test_a_claim_paid_twice_was_closed_in_between() -> None:
    again = bill("100.00", date(2026, 4, 1), status="paid", decided_on=june(20))
    taken_back = bill("90.00", date(2026, 4, 1), status="pending")
    for claim, paid, on in (
        (again, "60.00", date(2026, 5, 20)),
        (again, "-60.00", june(10)),
        (again, "60.00", june(20)),
        (taken_back, "50.00", date(2026, 5, 20)),
        (taken_back, "-50.00", june(10)),
    ):
        claim.refresh_from_db()
        pay(claim, paid, on)
    assert value("open_ar", Period(MAY.start, date(2026, 5, 19))) == about("190", 2)
    assert value("open_ar", MAY) == about("0", 0)  # what is left of the 100 is the patient's
    assert value("open_ar", Period(MAY.start, june(10))) == about("190", 2)


def test_what_a_payer_left_to_the_patient_was_closed_although_it_paid_nothing() -> None:
    def answer(claim: Claim, share: str, on: date, paid: str = "0.00") -> None:
        ClaimPayment.objects.create(
            claim=claim, state="posted", paid_on=on, paid=Decimal(paid), patient_share=Decimal(share)
        )
        Claim.objects.filter(pk=claim.pk).update(paid=Decimal(paid))

    first = {"first_decision": "paid", "first_decided_on": MAY.start}
    taken_back = bill("1.00", date(2026, 4, 1), status="pending", **first)
    answer(taken_back, "1.00", MAY.start)
    answer(taken_back, "-1.00", june(10))
    again = bill("2.00", date(2026, 4, 1), status="paid", decided_on=june(20), **first)
    for left, on in (("2.00", MAY.start), ("-2.00", june(10)), ("2.00", june(20))):
        answer(again, left, on)
    second_payer = bill("4.00", date(2026, 4, 1), status="paid", decided_on=june(20), **first)
    answer(second_payer, "4.00", MAY.start)
    answer(second_payer, "-4.00", june(20), paid="4.00")
    denied_in_part = bill(
        "8.00",
        date(2026, 4, 1),
        status="paid",
        decided_on=june(20),
        first_decision="denied",
        first_decided_on=MAY.start,
    )
    answer(denied_in_part, "3.00", MAY.start)  # a line of it; the others were denied, and paid later
    answer(denied_in_part, "0.00", june(20), paid="5.00")
    assert value("open_ar", Period(MAY.start, MAY.start)) == about("8", 1)
    assert value("open_ar", Period(date(2026, 4, 1), date(2026, 4, 30))) == about("15", 4)
    assert value("open_ar", Period(MAY.start, june(9))) == about("8", 1)
    assert value("open_ar", Period(MAY.start, june(10))) == about("11", 3)  # the first two again
    assert value("open_ar", Period(MAY.start, june(20))) == about("1", 1)


def test_appeals_are_decided_when_the_payer_answers_them() -> None:
    won, lost, waiting = (bill("10.00", status="denied", decided_on=june(1)) for _ in range(3))
    for each, filed in ((won, 5), (lost, 7), (waiting, 9)):
        happens(each, "submitted", "denied", june(2))
        happens(each, "denied", "appealed", june(filed))
        happens(each, "appealed", "appealed", june(filed + 1))  # handed to a colleague
    happens(won, "appealed", "pending", june(12))
    happens(won, "pending", "paid", june(20))
    happens(lost, "appealed", "denied", june(21))
    happens(lost, "denied", "paid", june(25))  # reworked, without an appeal
    assert value("appeal_overturn_rate") == about("50", 2)
    assert value("days_denial_to_appeal") == about("6", 3)  # 4, 6 and 8 days


def test_underpaid_is_what_is_missing_against_the_expected() -> None:
    for paid, share_of_patient in (("60.00", "10.00"), ("80.00", "20.00"), ("90.00", "50.00")):
        claim = bill(
            "200.00",
            status="paid",
            decided_on=june(3),
            expected=Decimal("100.00"),
            patient_share=Decimal(share_of_patient),
        )
        pay(claim, paid, june(3))
    assert value("underpaid_amount") == about("30", 1)


def test_charges_and_claims_count_by_submission() -> None:
    bill("10.50")
    bill("20.25", TODAY, frequency="7")
    bill("99.00", MAY.end)
    bill("99.00", status="void")
    assert value("gross_charges") == about("30.75", 2)
    assert value("claims_submitted") == about("2", 2)


def test_net_fee_is_credited_to_the_lines_own_providers() -> None:
    bill("0", service_from=june(9), fees=[("1234567893", "10.00"), ("1111111112", "4.50")])
    bill("0", MAY.start, service_from=MAY.end, fees=["99.00"])
    bill("0", june(4), fees=["1.25"])  # a line without a day counts on its claim's
    assert value("net_fee") == about("15.75", 3)
    found = KPIS["net_fee"].by(ALL, JUNE, "provider")
    assert {each.label: each.figure.value for each in found} == {
        "1234567893": Decimal("11.25"),
        "1111111112": Decimal("4.50"),
    }


def test_nothing_to_divide_is_no_number() -> None:
    for each in KPIS.values():
        figure = each.value(ALL, JUNE)
        assert figure.value == (0 if figure.denominator is None else None)
        assert each.words(figure.value) in ("–", "$0.00", "0")


# The catalogue -------------------------------------------------------------------------------------


def test_every_kpi_says_what_it_is() -> None:
    assert REGISTERED is KPIS
    assert len({each.label for each in KPIS.values()}) == len(KPIS)
    for each in KPIS.values():
        assert each.definition.endswith(".")
        assert each.formula
        assert each.counts_by
        assert {*each.measures, *each.shows, *each.interest, each.n_of} <= MEASURES.keys()


@pytest.fixture
def catalogue() -> Any:
    kept = dict(KPIS)
    yield KPIS
    KPIS.clear()
    KPIS.update(kept)


def test_a_new_definition_is_all_that_a_new_kpi_needs(catalogue: dict[str, Kpi]) -> None:
    @kpi("Rebills", Unit.PERCENT, Good.DOWN, formula="x", counts_by="y", n="submitted")
    def rebill_share(first_decided: Decimal, submitted: Decimal) -> Ratio:
        """Anything."""
        return share(first_decided, of=submitted)

    bill("1.00", status="paid", decided_on=june(3))
    bill("1.00")
    assert catalogue["rebill_share"].value(ALL, JUNE).value == 50
    assert figures(catalogue.values(), ALL, JUNE)["rebill_share"].n == 2


def test_few_claims_are_said_to_be_few() -> None:
    for _ in range(FEW - 1):
        bill("1.00", status="paid", decided_on=june(3))
    assert KPIS["denial_rate"].value(ALL, JUNE).is_few
    bill("1.00", status="paid", decided_on=june(3))
    assert not KPIS["denial_rate"].value(ALL, JUNE).is_few
    assert not KPIS["gross_charges"].value(ALL, JUNE).is_few


def test_a_split_names_what_has_no_payer() -> None:
    bill("1.00", payer=make_payer("Acme Health"), status="denied", decided_on=june(3))
    bill("1.00", status="paid", decided_on=june(3))
    found = {each.label: each.figure.value for each in KPIS["denial_rate"].by(ALL, JUNE, "payer")}
    assert found == {"Acme Health": 100, "No payer": 0}


def test_a_series_has_a_figure_for_each_step() -> None:
    bill("1.00", june(1))
    bill("2.00", june(30))
    series = KPIS["gross_charges"].series(ALL, JUNE, Step.WEEK)
    assert [(at.start.day, at.end.day, figure.value) for at, figure in series] == [
        (1, 7, 1),
        (8, 14, 0),
        (15, 21, 0),
        (22, 28, 0),
        (29, 30, 2),
    ]
    assert [figure.value for _, figure in KPIS["open_ar"].series(ALL, JUNE, "week")] == [1, 1, 1, 1, 3]


def test_numbers_hold_nothing_of_other_departments() -> None:
    mine, theirs = make_department(), make_department()
    bill("1.00", department=mine, status="paid", decided_on=june(3))
    bill("2.00", department=theirs, status="denied", decided_on=june(3))
    bill("4.00", status="denied", decided_on=june(3))
    biller, director = make_user("biller", departments=[mine]), make_user("director")
    assert value("denial_rate", scope=scope_of(biller, today=TODAY)) == about("0", 1)
    assert value("gross_charges", scope=scope_of(biller, today=TODAY)) == about("1", 1)
    assert value("gross_charges", scope=scope_of(director, today=TODAY)) == about("7", 3)
    homeless = scope_of(make_user("biller"), today=TODAY)
    assert value("gross_charges", scope=homeless) == about("0", 0)
    assert not KPIS["denial_rate"].claims(homeless, JUNE).exists()


# The card equals its drill-down --------------------------------------------------------------------


def test_claims_stand_where_they_count_last() -> None:
    early, late, often = bill("10", june(2)), bill("20", june(9)), bill("30", MAY.start)
    pay(early, "1.00", june(5))
    for day in (3, 4, 4, 8, 9):
        pay(often, "1.00", june(day))
    pay(bill("40", MAY.start), "1.00", MAY.end)

    def listed(*measures: str) -> Listed:
        return Listed(measures, ALL, JUNE, most=100)

    assert listed("payments")[0:2] == [often.pk, early.pk]
    assert listed("submitted", "payments")[0:9] == [late.pk, often.pk, early.pk]
    assert [listed("payments", "submitted")[place : place + 1] for place in range(4)] == [
        [often.pk],
        [late.pk],
        [early.pk],
        [],
    ]
    assert listed("payments", "submitted").count() == 3


def test_claims_given_up_stand_by_their_event_or_by_the_day_they_came_with() -> None:
    given_up = {"status": "written_off", "written_off": Decimal("5.00"), "first_decision": "denied"}
    told, before, undecided = (
        bill("10", june(1), **given_up, decided_on=day, first_decided_on=day) for day in map(june, (2, 5, 3))
    )
    Claim.objects.filter(pk=undecided.pk).update(decided_on=None, submitted_on=june(4))
    ClaimEvent.objects.create(
        claim=told, action="written off", from_status="denied", to_status="written_off", at=noon(june(5))
    )
    listed = Listed(("denial_write_offs",), ALL, JUNE, most=100)
    assert [listed[place : place + 1] for place in range(3)] == [[told.pk], [before.pk], [undecided.pk]]
    assert figures([KPIS["denial_write_off_rate"]], ALL, JUNE)["denial_write_off_rate"].n == 3


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**6), is_past=st.booleans())
def test_every_card_equals_its_drill_down(seed: int, is_past: bool) -> None:
    with transaction.atomic():
        world = World(seed)
        world.live(25, lambda: None)
        refresh(DAYS, most=31)
        world.live(5, lambda: None)
        period = Period(date(2026, 3, 1), date(2026, 5, 31) if is_past else LAST)
        seen = tuple(each.pk for each in world.departments if each)
        assert_cards_equal_claims(Scope(seen, today=LAST), period)
        transaction.set_rollback(True)


SHARES_OF_CLAIMS = {
    "denial_rate",
    "denial_rate_of_all",
    "initial_denial_rate",
    "first_pass_resolution",
    "clean_claim_rate",
}


def assert_cards_equal_claims(scope: Scope, period: Period) -> None:
    cards = figures(KPIS.values(), scope, period)
    for key, each in KPIS.items():
        listed, of_interest = each.claims(scope, period), each.claims(scope, period, Part.INTEREST)
        assert not listed.exclude(department__in=scope.departments or ()).exists()
        assert not listed.filter(status="void").exists()
        for part in Part:
            begun = {*each.claims(scope, period, part, begins_only=True)}
            assert begun == {*each.claims(scope, period, part)}, (key, part)
            assert_pages_are_the_list(each, scope, period, part)
        if each.n_noun == "claims" and len(each.shows) == 1:
            assert listed.count() == cards[key].n, key
        elif not cards[key].n:
            assert not of_interest.exists(), key
        if key in SHARES_OF_CLAIMS:
            assert of_interest.count() == cards[key].numerator, key
        assert_nothing_is_left(each, scope, period, listed)


def assert_pages_are_the_list(each: Kpi, scope: Scope, period: Period, part: Part) -> None:
    """Read as a person turns pages: each claim stands on one of them, where it stands in the whole."""
    keys = each.interest if part == Part.INTEREST else each.shows
    listed = Listed(keys, scope, period, most=1_000)
    whole = listed[0:1_000]
    assert [pk for first in range(0, len(whole) + 1, 3) for pk in listed[first : first + 3]] == whole
    assert sorted(whole) == sorted(each.claims(scope, period, part).values_list("pk", flat=True)), each.key
    assert listed.count() == len(whole), each.key


def assert_nothing_is_left(each: Kpi, scope: Scope, period: Period, listed: Any) -> None:
    """Without the claims it lists, the number is made of nothing: it counts no others."""
    with transaction.atomic():
        Claim.objects.filter(pk__in=list(listed.values_list("pk", flat=True))).update(status="void")
        left = each.value(scope, period)
        assert (left.n, left.numerator) == (0, 0), each.key
        if each.key in SHARES_OF_CLAIMS:
            assert left.denominator == 0, each.key
        transaction.set_rollback(True)
