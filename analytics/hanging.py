"""What hangs on a claim, for questions about claims: its lines, and the reasons for which it was denied."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Concat

from claims.answers.reasons import POSTED, code_of, is_reason, reasons_that_count
from claims.models import Adjustment, ClaimLine


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
    given = reasons_that_count().filter(payment__claim=OuterRef(f"{claim}pk"))
    remarks = Concat(Value(" "), "remarks", Value(" "), output_field=CharField())
    return given.alias(code=code_of(), spaced_remarks=remarks)
