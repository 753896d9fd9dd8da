"""The KPIs, and nothing else: each function's name is the key, its docstring the definition that people read.

Its parameters are measures (`facts/measures.py`), summed over what was asked for; see `catalogue.kpi` for the
rest. Pages, API, reports, snapshots and alerts find a new one here by themselves.
"""

from __future__ import annotations

from decimal import Decimal

from .cards import Good
from .catalogue import KPIS, Benchmark, Ratio, Topic, Unit, amount, kpi, mean, share

__all__ = ["KPIS"]

# Denials -------------------------------------------------------------------------------------------


@kpi(
    "Denial rate (of decided)",
    Unit.PERCENT,
    Good.DOWN,
    topic=Topic.DENIALS,
    benchmark=Benchmark(Decimal(5), "common target; 5–10% is typical"),
    formula="claims denied ÷ claims decided",
    counts_by="day of the last decision",
    n="decided",
    interest=["denied"],
)
def denial_rate(denied: Decimal, decided: Decimal) -> Ratio:
    """Of the claims that payers decided, those whose last decision was a denial, appealed or given up
    since or not."""
    return share(denied, of=decided)


@kpi(
    "Denial rate (of all)",
    Unit.PERCENT,
    Good.DOWN,
    topic=Topic.DENIALS,
    formula="claims that stand denied ÷ all claims submitted",
    counts_by="day of submission",
    n="submitted",
    interest=["status_denied"],
)
def denial_rate_of_all(status_denied: Decimal, submitted: Decimal) -> Ratio:
    """Of all claims submitted, decided or not, those that stand denied now. Claims appealed stand as
    appealed."""
    return share(status_denied, of=submitted)


@kpi(
    "Denied dollars rate",
    Unit.PERCENT,
    Good.DOWN,
    topic=Topic.DENIALS,
    formula="charges of claims denied ÷ charges of claims decided",
    counts_by="day of the last decision",
    n="decided",
    interest=["denied"],
)
def denied_dollars_rate(denied_charges: Decimal, decided_charges: Decimal) -> Ratio:
    """Of the charges that payers decided, those of claims whose last decision was a denial."""
    return share(denied_charges, of=decided_charges)


@kpi(
    "Denied charges",
    Unit.MONEY,
    Good.DOWN,
    topic=Topic.DENIALS,
    formula="charges of claims denied, added up",
    counts_by="day of the last decision",
    n="denied",
)
def denied_charges(denied_charges: Decimal) -> Ratio:
    """What the claims charge whose last decision, in the period, was a denial."""
    return amount(denied_charges)


@kpi(
    "Initial denial rate",
    Unit.PERCENT,
    Good.DOWN,
    topic=Topic.DENIALS,
    benchmark=Benchmark(Decimal(12), "national average of 2024: 11–12%"),
    formula="claims first denied ÷ claims submitted and decided for the first time",
    counts_by="day of the first decision",
    n="first_decided",
    interest=["first_denied"],
)
def initial_denial_rate(first_denied: Decimal, first_decided: Decimal) -> Ratio:
    """Of the claims submitted whose first decision came in the period, those it denied. Rebills are left
    out."""
    return share(first_denied, of=first_decided)


@kpi(
    "Denial write-off rate",
    Unit.PERCENT,
    Good.DOWN,
    topic=Topic.DENIALS,
    formula="denial write-offs net of recoveries ÷ (gross charges − contractual adjustments)",
    counts_by="day of the write-off; charges by submission, adjustments by payment",
    n="denial_write_offs",
    noun="write-offs",
)
def denial_write_off_rate(denial_written_off: Decimal, charges: Decimal, contractual: Decimal) -> Ratio:
    """What was given up on denied claims, less what came in for them after all, against the period's net
    charges."""
    return share(denial_written_off, of=charges - contractual)


# First time right ----------------------------------------------------------------------------------


@kpi(
    "First-pass resolution",
    Unit.PERCENT,
    Good.UP,
    topic=Topic.FIRST_TIME,
    benchmark=Benchmark(Decimal(90), "common target: 90–95% or more"),
    formula="claims paid on first submission ÷ claims decided",
    counts_by="day of the last decision",
    n="decided",
    interest=["paid_at_first"],
)
def first_pass_resolution(paid_at_first: Decimal, decided: Decimal) -> Ratio:
    """Of the claims that payers decided, those paid by the first decision on the first submission, not as
    rebills."""
    return share(paid_at_first, of=decided)


@kpi(
    "Clean claim rate",
    Unit.PERCENT,
    Good.UP,
    topic=Topic.FIRST_TIME,
    benchmark=Benchmark(Decimal(95), "common target: 95% or more"),
    formula="claims accepted at intake with no error ÷ claims received",
    counts_by="day of receipt",
    n="received",
    interest=["clean_claims"],
)
def clean_claim_rate(clean_claims: Decimal, received: Decimal) -> Ratio:
    """Of the claims received, those that neither payer nor clearing house rejected at intake; no answer is
    no error."""
    return share(clean_claims, of=received)


# Speed ---------------------------------------------------------------------------------------------


@kpi(
    "Average days to pay",
    Unit.DAYS,
    Good.DOWN,
    topic=Topic.SPEED,
    benchmark=Benchmark(Decimal(40), "common ceiling; over 90 is alarming"),
    formula="days from submission to payment, added up ÷ claims paid",
    counts_by="day of payment",
    n="paid_claims",
)
def average_days_to_pay(days_to_pay: Decimal, paid_claims: Decimal) -> Ratio:
    """How many days payers took, from submission to payment, over the claims paid in the period."""
    return mean(days_to_pay, over=paid_claims)


@kpi(
    "Days from denial to appeal",
    Unit.DAYS,
    Good.DOWN,
    topic=Topic.SPEED,
    benchmark=Benchmark(Decimal(30), "common target: under 30"),
    formula="days from denial to appeal, added up ÷ appeals filed",
    counts_by="day on which the appeal was filed",
    n="appeals_filed",
    noun="appeals",
)
def days_denial_to_appeal(days_to_appeal: Decimal, appeals_filed: Decimal) -> Ratio:
    """How many days passed between a denial and its appeal, over the appeals filed in the period."""
    return mean(days_to_appeal, over=appeals_filed)


@kpi(
    "Appeal overturn rate",
    Unit.PERCENT,
    Good.UP,
    topic=Topic.SPEED,
    benchmark=Benchmark(Decimal(54), "commercial payers, about"),
    formula="appeals after which the payer paid ÷ appeals decided",
    counts_by="day on which the appeal's decision came",
    n="appeals_decided",
    noun="appeals",
    interest=["appeals_overturned"],
)
def appeal_overturn_rate(appeals_overturned: Decimal, appeals_decided: Decimal) -> Ratio:
    """Of the appeals that payers decided, those that they paid after all."""
    return share(appeals_overturned, of=appeals_decided)


# Money ---------------------------------------------------------------------------------------------


@kpi(
    "Gross charges",
    Unit.MONEY,
    Good.EITHER,
    topic=Topic.MONEY,
    formula="charges, added up",
    counts_by="day of submission",
    n="submitted",
)
def gross_charges(charges: Decimal) -> Ratio:
    """What the claims submitted in the period charge."""
    return amount(charges)


@kpi(
    "Claims submitted",
    Unit.COUNT,
    Good.EITHER,
    topic=Topic.MONEY,
    formula="claims, counted",
    counts_by="day of submission",
    n="submitted",
)
def claims_submitted(submitted: Decimal) -> Ratio:
    """How many claims were submitted in the period."""
    return amount(submitted)


@kpi(
    "Payments",
    Unit.MONEY,
    Good.UP,
    topic=Topic.MONEY,
    formula="payments less what payers took back",
    counts_by="day of payment",
    n="payments",
    noun="payments",
)
def cash_collected(cash: Decimal) -> Ratio:
    """What payers paid in the period, by their own date of payment, less what they took back."""
    return amount(cash)


@kpi(
    "Net collection rate",
    Unit.PERCENT,
    Good.UP,
    topic=Topic.MONEY,
    benchmark=Benchmark(Decimal(95), "common target: 95% or more"),
    formula="payments ÷ (gross charges − contractual adjustments)",
    counts_by="payments and adjustments by day of payment, charges by submission",
    n="payments",
    noun="payments",
    shows=["payments", "submitted", "contractual_adjustments"],
    interest=["payments"],
)
def net_collection_rate(cash: Decimal, charges: Decimal, contractual: Decimal) -> Ratio:
    """What came in during the period, against what was charged in it less what contracts took off in it."""
    return share(cash, of=charges - contractual)


@kpi(
    "Gross collection rate",
    Unit.PERCENT,
    Good.EITHER,
    topic=Topic.MONEY,
    formula="payments ÷ gross charges",
    counts_by="payments by day of payment, charges by submission",
    n="payments",
    noun="payments",
    shows=["payments", "submitted"],
    interest=["payments"],
)
def gross_collection_rate(cash: Decimal, charges: Decimal) -> Ratio:
    """What came in during the period, against what was charged in it. It depends on price lists: context
    only."""
    return share(cash, of=charges)


@kpi(
    "Underpaid against expected",
    Unit.MONEY,
    Good.DOWN,
    topic=Topic.MONEY,
    formula="expected − paid − patient's share, where more was expected",
    counts_by="day of payment",
    n="underpaid_claims",
)
def underpaid_amount(underpaid: Decimal) -> Ratio:
    """By how much payers and patients together fall short of what was expected, on claims paid in the
    period."""
    return amount(underpaid)


@kpi(
    "Net fee",
    Unit.MONEY,
    Good.UP,
    topic=Topic.MONEY,
    formula="provider fees + member coinsurance + member copay − allowed fees, line by line",
    counts_by="day of service, or of submission where a line has none",
    n="fee_lines",
    noun="lines",
)
def net_fee(net_fees: Decimal) -> Ratio:
    """The net fees of the lines of the period, each credited to the provider who rendered it."""
    return amount(net_fees)


# Accounts receivable, as of the period's last day ---------------------------------------------------


@kpi(
    "Open A/R",
    Unit.MONEY,
    Good.DOWN,
    topic=Topic.RECEIVABLE,
    formula="balances of open claims, added up",
    counts_by="the period's last day",
    n="owed_claims",
)
def open_ar(owed: Decimal) -> Ratio:
    """What open claims still are to bring. Credit balances are kept apart, not set off."""
    return amount(owed)


@kpi(
    "Credit balances",
    Unit.MONEY,
    Good.DOWN,
    topic=Topic.RECEIVABLE,
    formula="negative balances, added up",
    counts_by="the period's last day",
    n="credit_claims",
)
def credit_balances(credits: Decimal) -> Ratio:  # noqa: A002 - a measure's name
    """What was paid or adjusted beyond the charge and may have to be given back."""
    return amount(-credits)


@kpi(
    "Gross days in A/R",
    Unit.DAYS,
    Good.DOWN,
    topic=Topic.RECEIVABLE,
    benchmark=Benchmark(Decimal(40), "common ceiling: 35–40"),
    formula="open A/R ÷ (gross charges ÷ days of the period)",
    counts_by="A/R as of the period's last day, charges by submission",
    n="owed_claims",
    shows=["owed_claims", "submitted"],
    interest=["owed_claims"],
)
def gross_days_in_ar(owed: Decimal, charges: Decimal, days: Decimal) -> Ratio:
    """What open claims still are to bring, in days of the period's average charges."""
    return Ratio(owed, charges / days)


@kpi(
    "Net days in A/R",
    Unit.DAYS,
    Good.DOWN,
    topic=Topic.RECEIVABLE,
    benchmark=Benchmark(Decimal(40), "common ceiling; below 30 is best"),
    formula="open A/R net of expected contractual adjustments ÷ (net charges ÷ days of the period)",
    counts_by="A/R as of the period's last day, charges by submission, adjustments by payment",
    n="owed_claims",
    shows=["owed_claims", "submitted", "contractual_adjustments"],
    interest=["owed_claims"],
)
def net_days_in_ar(owed_net: Decimal, charges: Decimal, contractual: Decimal, days: Decimal) -> Ratio:
    """What open claims are expected to bring after contracts, in days of the period's average net charges."""
    return Ratio(owed_net, (charges - contractual) / days)


@kpi(
    "Aged A/R over 90 days",
    Unit.PERCENT,
    Good.DOWN,
    topic=Topic.RECEIVABLE,
    benchmark=Benchmark(Decimal(20), "sources disagree: 10–20%"),
    formula="open A/R older than 90 days ÷ open A/R",
    counts_by="the period's last day; age since submission",
    n="owed_claims",
    interest=["owed_claims_over_90"],
)
def aged_ar_over_90(owed_over_90: Decimal, owed: Decimal) -> Ratio:
    """Of what open claims still are to bring, the part of those submitted more than 90 days before."""
    return share(owed_over_90, of=owed)


@kpi(
    "A/R of 0–30 days",
    Unit.MONEY,
    Good.EITHER,
    topic=Topic.RECEIVABLE,
    formula="balances of open claims 0–30 days old",
    counts_by="the period's last day; age since submission",
    n="owed_claims_0_30",
)
def ar_0_30(owed_0_30: Decimal) -> Ratio:
    """What open claims submitted within the last 30 days still are to bring."""
    return amount(owed_0_30)


@kpi(
    "A/R of 31–60 days",
    Unit.MONEY,
    Good.DOWN,
    topic=Topic.RECEIVABLE,
    formula="balances of open claims 31–60 days old",
    counts_by="the period's last day; age since submission",
    n="owed_claims_31_60",
)
def ar_31_60(owed_31_60: Decimal) -> Ratio:
    """What open claims submitted 31 to 60 days before still are to bring."""
    return amount(owed_31_60)


@kpi(
    "A/R of 61–90 days",
    Unit.MONEY,
    Good.DOWN,
    topic=Topic.RECEIVABLE,
    formula="balances of open claims 61–90 days old",
    counts_by="the period's last day; age since submission",
    n="owed_claims_61_90",
)
def ar_61_90(owed_61_90: Decimal) -> Ratio:
    """What open claims submitted 61 to 90 days before still are to bring."""
    return amount(owed_61_90)


@kpi(
    "A/R of 91–120 days",
    Unit.MONEY,
    Good.DOWN,
    topic=Topic.RECEIVABLE,
    formula="balances of open claims 91–120 days old",
    counts_by="the period's last day; age since submission",
    n="owed_claims_91_120",
)
def ar_91_120(owed_91_120: Decimal) -> Ratio:
    """What open claims submitted 91 to 120 days before still are to bring."""
    return amount(owed_91_120)


@kpi(
    "A/R over 120 days",
    Unit.MONEY,
    Good.DOWN,
    topic=Topic.RECEIVABLE,
    formula="balances of open claims over 120 days old",
    counts_by="the period's last day; age since submission",
    n="owed_claims_over_120",
)
def ar_over_120(owed_over_120: Decimal) -> Ratio:
    """What open claims submitted more than 120 days before still are to bring."""
    return amount(owed_over_120)
