"""What a day adds up to: counts and sums over claims, each counted on the day of its own event.

A measure is additive, so facts can keep it by day, payer and department, and any period, payer or department
is a sum of those. Void claims count nowhere. Rebills (frequency 7 and 8) count unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Count, IntegerField, Q, Sum, Value
from django.db.models.expressions import Combinable, F
from django.db.models.functions import Coalesce, Greatest, Least, TruncDate

from claims.answers.denial_codes import CONTRACTUAL, DENIALS
from claims.models import Claim
from claims.models.claims import OPEN
from claims.money import MoneyField

from ..periods import DAY, Period
from .sources import (
    ACTIONS,
    ADJUSTMENTS,
    APPEALS_DECIDED,
    APPEALS_FILED,
    BY_LAW,
    DECIDED,
    FIRST_DECIDED,
    LINES,
    PAID,
    PAYMENTS,
    RECEIVED,
    RESOLVED,
    SUBMITTED,
    WRITE_OFFS,
    DaysBetween,
    Source,
)

Condition = Callable[[str], Q]  # on claims, by the path that leads to them
Amount = Callable[[str], Combinable]
Ages = tuple[int, int | None]

BEGINNING = date(1900, 1, 1)

Status, Decision = Claim.Status, Claim.Decision

AGES: dict[str, Ages] = {
    "0_30": (0, 30),
    "31_60": (31, 60),
    "61_90": (61, 90),
    "91_120": (91, 120),
    "over_120": (121, None),
    "over_90": (91, None),
}
BUCKETS = tuple(AGES)[:5]  # that together are all


def days_of_age(ages: Ages, day: date) -> Period:
    """The days on which claims were submitted that are as old on this day."""
    first, last = ages
    return Period(BEGINNING if last is None else day - last * DAY, day - first * DAY)


@dataclass(frozen=True)
class Measure:
    """Rows of its sources that meet a condition, counted, or their amounts added up."""

    key: str
    sources: tuple[Source, ...]
    meaning: str
    condition: Condition
    amount: Amount | None
    is_money: bool
    as_of: bool = False  # how things stand, kept on the day the claim was submitted
    column: str = ""  # of the facts, where it is not its own
    is_distinct: bool = False  # each claim once a day: what a longer period adds up are days, not claims
    is_days: bool = False  # on how many days there are any
    ages: Ages | None = None  # only claims that are as old, in days from submission to the period's end

    @property
    def kept_in(self) -> str:
        return self.column or self.key

    @property
    def is_of_lines(self) -> bool:
        return self.sources is LINES

    def span(self, period: Period) -> Period:
        """The days over which it is added up for a period."""
        if not self.as_of:
            return period
        return days_of_age(self.ages or (0, None), period.end)

    def over(self, source: Source) -> Any:
        """The aggregate that a query over the rows of one of its sources computes."""
        condition = self.condition(source.claim)
        if self.is_distinct:
            return Count(source.claim.removesuffix("__"), filter=condition, distinct=True)
        if self.amount is None:
            return Count("pk", filter=condition)
        output: Any = MoneyField() if self.is_money else IntegerField()
        return Coalesce(
            Sum(self.amount(source.claim), filter=condition, output_field=output), 0, output_field=output
        )


MEASURES: dict[str, Measure] = {}


def any_claim(_: str) -> Q:
    return Q()


def _count(
    key: str,
    sources: tuple[Source, ...],
    condition: Condition = any_claim,
    *,
    meaning: str,
    as_of: bool = False,
) -> None:
    MEASURES[key] = Measure(key, sources, meaning, condition, None, False, as_of)


def _sum(
    key: str,
    sources: tuple[Source, ...],
    amount: Amount,
    condition: Condition = any_claim,
    *,
    meaning: str,
    is_money: bool = True,
    as_of: bool = False,
) -> None:
    MEASURES[key] = Measure(key, sources, meaning, condition, amount, is_money, as_of)


# What claims are ----------------------------------------------------------------------------------


def is_owed(claim: str) -> Q:
    """Open, and something is still to come. What was paid too much is a credit, never set off against it."""
    return Q(**{f"{claim}status__in": OPEN, f"{claim}balance__gt": 0})


def has_credit(claim: str) -> Q:
    return Q(**{f"{claim}balance__lt": 0})


def stands_denied(claim: str) -> Q:
    return Q(**{f"{claim}status": Status.DENIED})


def is_denied(claim: str) -> Q:
    """Its last decision was a denial, also when it has been appealed, reworked or given up since.

    A payment that still comes for a claim that was written off is a decision to pay.
    """
    undone = Q(**{f"{claim}status": Status.WRITTEN_OFF, f"{claim}paid_on": F(f"{claim}decided_on")})
    since = Q(**{f"{claim}status__in": (Status.SUBMITTED, Status.PENDING, Status.APPEALED)})
    given_up = Q(**{f"{claim}status": Status.WRITTEN_OFF}) & (
        Q(**{f"{claim}paid_on__isnull": True}) | ~undone
    )
    return stands_denied(claim) | (~Q(**{f"{claim}denial_category": ""}) & (since | given_up))


def is_original(claim: str) -> Q:
    """Not a rebill, which replaces (7) or voids (8) an earlier claim."""
    return ~Q(**{f"{claim}frequency__in": ("7", "8")})


def is_paid_at_first(claim: str) -> Q:
    paid = Q(**{f"{claim}status": Status.PAID, f"{claim}first_decision": Decision.PAID})
    return paid & is_original(claim)


def is_original_denied_at_first(claim: str) -> Q:
    return is_original(claim) & Q(**{f"{claim}first_decision": Decision.DENIED})


def is_paid(claim: str) -> Q:
    return Q(**{f"{claim}status": Status.PAID})


def is_underpaid(claim: str) -> Q:
    """Paid, but less than was expected of the payer and what the patient owes together."""
    return is_paid(claim) & Q(
        **{f"{claim}expected__gt": F(f"{claim}paid") + F(f"{claim}patient_share")},
    )


def is_clean(claim: str) -> Q:
    """No intake rejected it. Whoever gives no answer at intake has accepted it."""
    return ~Q(**{f"{claim}at_intake": Claim.AtIntake.REJECTED})


def was_denied(claim: str) -> Q:
    return Q(**{f"{claim}first_decision": Decision.DENIED}) | ~Q(**{f"{claim}denial_category": ""})


def is_contractual(_: str) -> Q:
    """As `claims.answers.denials.kind_of` sorts adjustments, by group and reason together."""
    return Q(group__in=("CO", "PI", "CR"), reason__in=sorted(CONTRACTUAL.keys() - DENIALS.keys()))


def _is_overturned(_: str) -> Q:
    return Q(to_status=Status.PAID)


def _amount(name: str) -> Amount:
    return lambda claim: F(f"{claim}{name}")


def _own(name: str) -> Amount:
    """A field of the row itself, not of its claim."""
    return lambda _: F(name)


def left_by_contract(claim: str) -> Coalesce:
    """What a contract leaves of the charge: what is expected, or else what the payer allowed, or else all."""
    known = (f"{claim}expected", f"{claim}allowed", f"{claim}charge")
    return Coalesce(*known, output_field=MoneyField())


def net_of_expected(claim: str) -> Combinable:
    """The balance less what the contract is still expected to take off it; never below zero."""
    to_come = left_by_contract(claim) - F(f"{claim}paid") - F(f"{claim}written_off")
    not_less = Greatest(to_come, Value(0, output_field=MoneyField()), output_field=MoneyField())
    return Least(F(f"{claim}balance"), not_less, output_field=MoneyField())


def _days_to_pay(claim: str) -> Combinable:
    return DaysBetween(F(f"{claim}paid_on"), F(f"{claim}submitted_on"))


def _days_to_appeal(_: str) -> Combinable:
    return DaysBetween(TruncDate("at"), F("denied_on"))


def _has_denial(_: str) -> Q:
    return Q(denied_on__isnull=False)


# The measures, by the day on which they count ------------------------------------------------------

# By the day of submission.
_count("submitted", SUBMITTED, meaning="Claims submitted.")
_sum("charges", SUBMITTED, _amount("charge"), meaning="Gross charges of claims submitted.")
_count("status_denied", SUBMITTED, stands_denied, meaning="Claims submitted that stand denied now.")
# How things stand at the end of a period: of all claims submitted until then.
_count("owed_claims", SUBMITTED, is_owed, as_of=True, meaning="Open claims with a balance.")
_sum("owed", SUBMITTED, _amount("balance"), is_owed, as_of=True, meaning="What they still are to bring.")
_sum(
    "owed_net",
    SUBMITTED,
    net_of_expected,
    is_owed,
    as_of=True,
    meaning="The same, less what contracts are expected to take off it.",
)
_count("credit_claims", SUBMITTED, has_credit, as_of=True, meaning="Claims on which too much was paid.")
_sum("credits", SUBMITTED, _amount("balance"), has_credit, as_of=True, meaning="What was paid too much.")

for _name, _ages in AGES.items():
    for _key in ("owed_claims", "owed"):
        _aged = replace(MEASURES[_key], key=f"{_key}_{_name}", column=_key, ages=_ages)
        MEASURES[_aged.key] = _aged

# By the day of the first decision; rebills are left out.
_count("first_decided", FIRST_DECIDED, is_original, meaning="Claims decided for the first time.")
_count(
    "first_denied",
    FIRST_DECIDED,
    is_original_denied_at_first,
    meaning="Claims whose first decision was a denial.",
)

# By the day of the last decision.
_count("decided", DECIDED, meaning="Claims that payers decided.")
_sum("decided_charges", DECIDED, _amount("charge"), meaning="Charges of claims that payers decided.")
_count("denied", DECIDED, is_denied, meaning="Claims denied.")
_sum("denied_charges", DECIDED, _amount("charge"), is_denied, meaning="Charges of claims denied.")
_count("paid_at_first", DECIDED, is_paid_at_first, meaning="Claims paid on first submission.")

# By the day of payment.
_count("paid_claims", PAID, is_paid, meaning="Claims paid.")
_sum("days_to_pay", PAID, _days_to_pay, is_paid, is_money=False, meaning="Days from submission to payment.")
_count("underpaid_claims", PAID, is_underpaid, meaning="Claims paid below what was expected.")
_sum(
    "underpaid",
    PAID,
    lambda claim: F(f"{claim}expected") - F(f"{claim}paid") - F(f"{claim}patient_share"),
    is_underpaid,
    meaning="By how much they were.",
)
_sum("kept_by_law", BY_LAW, _own("amount"), is_underpaid, meaning="What of it the law keeps back.")

# By the day of receipt.
_count("received", RECEIVED, meaning="Claims received.")
_count("clean_claims", RECEIVED, is_clean, meaning="Claims received that no intake rejected.")

# By the day of payment, as the payer's answer says it (see `sources.PAYMENTS`).
_count("payments", PAYMENTS, meaning="Payments and answers posted.")
_sum("cash", PAYMENTS, _own("paid"), meaning="What was paid, less what was taken back.")
_count("contractual_adjustments", ADJUSTMENTS, is_contractual, meaning="Contractual adjustments posted.")
_sum("contractual", ADJUSTMENTS, _own("amount"), is_contractual, meaning="What contracts took off charges.")

# By the day of the write-off. What payers paid on a claim after all has left its write-off already, so these
# are net of recoveries; a claim taken back from being written off has none left.
_count("denial_write_offs", WRITE_OFFS, was_denied, meaning="Denied claims that were written off.")
_sum("denial_written_off", WRITE_OFFS, _amount("written_off"), was_denied, meaning="What was given up.")

# By the day of the event in the claim's history: when we filed the appeal, when we learned of its outcome.
_count("appeals_decided", APPEALS_DECIDED, meaning="Appeals decided.")
_count("appeals_overturned", APPEALS_DECIDED, _is_overturned, meaning="Appeals after which the payer paid.")
_count("appeals_filed", APPEALS_FILED, _has_denial, meaning="Appeals filed against a denial.")
_sum(
    "days_to_appeal",
    APPEALS_FILED,
    _days_to_appeal,
    _has_denial,
    is_money=False,
    meaning="Days from the denial to its appeal.",
)

# By the day of the service, or of submission where a line has none.
_count("fee_lines", LINES, meaning="Lines whose net fee is known.")
_sum("net_fees", LINES, _own("net_fee"), meaning="Provider fees, coinsurance and copay less allowed fees.")


# What people did -------------------------------------------------------------------------------------


def _was_error(_: str) -> Q:
    return Q(is_error=True)


def _staff(key: str, sources: tuple[Source, ...], meaning: str, **more: Any) -> Measure:
    return replace(Measure(key, sources, meaning, any_claim, None, is_money=False), **more)


STAFF_MEASURES: dict[str, Measure] = {
    each.key: each
    for each in (
        _staff("actions", ACTIONS, "What people did to claims, apart from sending them in."),
        _staff("errors", ACTIONS, "Actions that were found to be errors.", condition=_was_error),
        _staff("claims", ACTIONS, "Claims worked, each once a day.", is_distinct=True),
        _staff("days_worked", ACTIONS, "Days on which they did anything.", column="actions", is_days=True),
        _staff("resolved", RESOLVED, "Claims paid, to the credit of whoever acted on them last before."),
        _staff("resolved_amount", RESOLVED, "What they brought.", amount=_amount("paid"), is_money=True),
    )
}
