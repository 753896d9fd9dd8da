"""For which reasons claims are denied: those that the payer gave last.

A claim is denied for the reasons given last on a day not after its decision: an appeal that is lost leaves
them as they are. Those of an earlier denial, corrected since, are history.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat

from ..models import Adjustment, ClaimPayment

POSTED = ClaimPayment.State.POSTED


def code_of(adjustment: str = "") -> Combinable:
    """Group and reason together, as "CO-16"."""
    return Concat(f"{adjustment}group", Value("-"), f"{adjustment}reason", output_field=CharField())


def is_reason(adjustment: str = "") -> Q:
    """What was taken back has an amount below zero."""
    return Q(**{f"{adjustment}is_denial": True, f"{adjustment}amount__gt": 0})


def reasons_that_count() -> QuerySet[Any]:
    """The reasons for which any claim is denied."""
    later = Adjustment.objects.filter(
        is_reason(),
        payment__state=POSTED,
        payment__claim=OuterRef("payment__claim"),
        payment__paid_on__gt=OuterRef("payment__paid_on"),
        payment__paid_on__lte=OuterRef("payment__claim__decided_on"),
    )
    return Adjustment.objects.filter(
        is_reason(),
        ~Exists(later),
        payment__state=POSTED,
        payment__paid_on__lte=F("payment__claim__decided_on"),
    ).order_by()


def denied_for(code: str) -> Q:
    """Claims that are denied for "16", whoever bears it, or for "CO-16" alone."""
    group, _, reason = code.rpartition("-")
    found = reasons_that_count().filter(reason=reason)
    if group:
        found = found.filter(group=group)
    return Q(pk__in=found.values("payment__claim"))
