"""What claims still were to bring at the end of a day in the past.

Today's balance is no answer: what was paid, adjusted or written off since is put back, by the day of each,
and a claim that was settled since counts as open then, unless a payer had paid on it by then, or had first
decided to pay and had left it to the patient: what is answered twice, or taken back, was closed before. What
is expected of a contract is taken as known now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Case, Count, DateField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest, Least, TruncDate

from claims.models import Adjustment, Claim, ClaimEvent, ClaimPayment
from claims.models.claims import OPEN
from claims.money import MoneyField

from ..facts.measures import Measure, is_contractual, left_by_contract
from ..facts.sources import POSTED
from ..periods import Period
from ..scopes import Scope

Status = Claim.Status

OWED = Q(was_open=True, balance_then__gt=0)
CREDIT = Q(balance_then__lt=0)
# What each measure of how things stand counts, then.
MEANT = {"owed_claims": OWED, "owed": OWED, "owed_net": OWED, "credit_claims": CREDIT, "credits": CREDIT}


def standing_then(
    scope: Scope, period: Period, measures: Sequence[Measure]
) -> tuple[QuerySet[Claim], dict[str, Any]]:
    """The claims as they stood when this period ended, and the sums over them that measures ask for."""
    rows = claims_then(scope, period.end)
    if not any(each.kept_in in ("credit_claims", "credits") for each in measures):
        rows = rows.filter(Q(("was_open", True)))  # saves looking up the payments of most claims
    return rows, {each.key: _sum(each, counted_then(each, period)) for each in measures}


def counted_then(measure: Measure, period: Period) -> Q:
    """Which of `claims_then` a measure counts."""
    span = measure.span(period)
    return MEANT[measure.kept_in] & Q(submitted_on__gte=span.start, submitted_on__lte=span.end)


def claims_then(scope: Scope, day: date) -> QuerySet[Claim]:
    """Claims submitted until this day, with `was_open`, `balance_then` and `net_then`."""
    claims = scope.claims().filter(submitted_on__lte=day)
    claims = claims.annotate(given_up_on=given_up_on())
    open_since = Q(status__in=OPEN) | Q(status=Status.PAID, paid_on__gt=day)
    is_given_up_later = Q(given_up_on__gt=day)
    claims = claims.annotate(paid_later=_or_zero(_payments(day)))
    was_settled = Q(paid__gt=F("paid_later")) & (Q(status=Status.PAID) | Q(paid_later__lt=0))
    claims = claims.annotate(shared_then=_or_zero(_shares(paid_on__lte=day)))
    claims = claims.annotate(shared_later=_or_zero(_shares(paid_on__gt=day)))
    was_left_to_patient = Q(first_decision=Claim.Decision.PAID, shared_then__gt=0) & (
        Q(status=Status.PAID) | Q(shared_later__lt=0)
    )
    was_open = (open_since | is_given_up_later) & ~was_settled & ~was_left_to_patient
    claims = claims.annotate(
        was_open=Case(When(was_open, then=Value(True)), default=Value(False)),
        adjusted_later=_or_zero(_adjustments(day)),
        given_up=Case(When(is_given_up_later, then=Value(0)), default=F("written_off"), output_field=_money),
    )
    claims = claims.annotate(
        balance_then=F("charge")
        - (F("paid") - F("paid_later"))
        - (F("adjusted") - F("adjusted_later"))
        - F("given_up"),
    )
    to_come = left_by_contract("") - (F("paid") - F("paid_later")) - F("given_up")
    zero = Value(0, output_field=_money)
    return claims.annotate(
        net_then=Least(F("balance_then"), Greatest(to_come, zero, output_field=_money), output_field=_money)
    )


_money = MoneyField()


def _sum(measure: Measure, condition: Q) -> Any:
    if measure.amount is None:
        return Count("pk", filter=condition)
    name = "net_then" if measure.kept_in == "owed_net" else "balance_then"
    return Coalesce(Sum(name, filter=condition, output_field=_money), 0, output_field=_money)


def _or_zero(sums: QuerySet[Any]) -> Any:
    return Coalesce(Subquery(sums, output_field=_money), Value(0, output_field=_money), output_field=_money)


def _payments(day: date) -> QuerySet[Any]:
    later = ClaimPayment.objects.filter(state=POSTED, claim=OuterRef("pk"), paid_on__gt=day).order_by()
    return later.values("claim").annotate(later=Sum("paid")).values("later")


def _shares(**within: date) -> QuerySet[Any]:
    """What payers left to the patient."""
    told = ClaimPayment.objects.filter(state=POSTED, claim=OuterRef("pk"), **within).order_by()
    return told.values("claim").annotate(shares=Sum("patient_share")).values("shares")


def _adjustments(day: date) -> QuerySet[Any]:
    later = Adjustment.objects.filter(
        is_contractual(""),
        payment__state=POSTED,
        payment__claim=OuterRef("pk"),
        payment__paid_on__gt=day,
    ).order_by()
    return later.values("payment__claim").annotate(later=Sum("amount")).values("later")


def given_up_on() -> Any:
    """The day on which a claim was written off, for those that are."""
    events = ClaimEvent.objects.filter(claim=OuterRef("pk"), to_status=Status.WRITTEN_OFF)
    last = events.exclude(from_status=Status.WRITTEN_OFF).order_by("-at", "-pk")
    day = Subquery(last.annotate(on=TruncDate("at")).values("on")[:1])
    known = Coalesce(day, "decided_on", "submitted_on", output_field=DateField())
    return Case(When(status=Status.WRITTEN_OFF, then=known), default=None, output_field=DateField())
