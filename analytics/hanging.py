"""What hangs on a claim, for questions about claims: its lines, and the reasons for which it was denied.

A claim is denied for the reasons that the payer gave last, on a day not after the claim's decision: an appeal
that is lost leaves them as they are. Those of an earlier denial, corrected since, are history.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat

from claims.models import Adjustment, ClaimLine, ClaimPayment

POSTED = ClaimPayment.State.POSTED


def code_of(adjustment: str = "") -> Combinable:
    """Group and reason together, as "CO-16"."""
    return Concat(f"{adjustment}group", Value("-"), f"{adjustment}reason", output_field=CharField())


def is_reason(adjustment: str = "") -> Q:
    """What was taken back has an amount below zero."""
    return Q(**{f"{adjustment}is_denial": True, f"{adjustment}amount__gt": 0})


def lines_of(claim: str) -> QuerySet[ClaimLine]:
    """Of the claim to which this path leads in the query around it."""
    return ClaimLine.objects.filter(claim=OuterRef(f"{claim}pk")).order_by()


def reasons_given_on() -> Subquery:
    """Of the claims queried: the day on which the payer gave the reasons that count."""
    given = Adjustment.objects.filter(
        is_reason(),
        payment__state=POSTED,
        payment__claim=OuterRef("pk"),
        payment__paid_on__lte=OuterRef("decided_on"),
    )
    return Subquery(given.order_by("-payment__paid_on").values("payment__paid_on")[:1])


def denials_of(claim: str) -> QuerySet[Any]:
    """The reasons that count of the claim to which this path leads, each with its `code` and remarks."""
    later = Adjustment.objects.filter(
        is_reason(),
        payment__state=POSTED,
        payment__claim=OuterRef("payment__claim"),
        payment__paid_on__gt=OuterRef("payment__paid_on"),
        payment__paid_on__lte=OuterRef("payment__claim__decided_on"),
    )
    given = Adjustment.objects.filter(
        is_reason(),
        ~Exists(later),
        payment__state=POSTED,
        payment__claim=OuterRef(f"{claim}pk"),
        payment__paid_on__lte=F("payment__claim__decided_on"),
    )
    remarks = Concat(Value(" "), "remarks", Value(" "), output_field=CharField())
    return given.order_by().alias(code=code_of(), spaced_remarks=remarks)
