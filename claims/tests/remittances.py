"""Remittances that tests write and post, as a payer would send them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum

from claims.answers import denials
from claims.answers.posting import post_payments
from claims.imports.records import Record
from claims.intake import Intake, Taken
from claims.models import Adjustment, Claim, ClaimPayment, Import
from rcm_site.testing.makers import make_import

from .x12_samples import read

TODAY = date(2026, 11, 20)


def remittance(
    *segments: str, amount: str = "0", trace: str = "T1", day: str = "20261110", ends: bool = True
) -> str:
    """An 835 with these segments between its heading and its end."""
    heading = [
        "ST*835*0001",
        f"BPR*I*{amount}*C*ACH************{day}",
        *([f"TRN*1*{trace}*1999999999"] if trace else []),
        "N1*PR*ACME HEALTH*XV*ACME1",
        "N1*PE*NORTH CLINIC*XX*1234567893",
    ]
    count = len(heading) + len(segments) + 1
    return "".join(f"{each}~" for each in [*heading, *segments, *([f"SE*{count}*0001"] if ends else [])])


def intake(source: Import | None = None, **fields: Any) -> Intake:
    return replace(Intake(actor=None, today=TODAY, source=source or make_import()), **fields)


def post(
    content: str | bytes | Sequence[Record], into: Intake | None = None, chunk: int = 1000
) -> list[Taken]:
    """Post a file, so many records in each transaction."""
    records: list[Any] = read(content) if isinstance(content, str | bytes) else list(content)
    into = into or intake()
    carry: dict[str, Any] = {}
    taken: list[Taken] = []
    for start in range(0, len(records), chunk):
        with transaction.atomic():
            taken += post_payments(records[start : start + chunk], into, carry)
    return taken


def warnings(taken: Sequence[Taken]) -> list[str]:
    return [problem.reason for each in taken for problem in each.problems]


def standing(claim: Claim) -> tuple[str, Decimal, Decimal, Decimal, Decimal]:
    """Status, paid, adjusted, patient's share, balance."""
    claim.refresh_from_db()
    return claim.status, claim.paid, claim.adjusted, claim.patient_share, claim.balance


def assert_sums_agree() -> None:
    """Every claim's sums are those of its posted payments and their contractual adjustments."""
    posted = ClaimPayment.State.POSTED
    for claim in Claim.objects.all():
        payments = claim.payments.filter(state=posted)
        assert claim.paid == (payments.aggregate(sum=Sum("paid"))["sum"] or 0)
        adjustments = list(Adjustment.objects.filter(claim=claim, payment__state=posted))
        contractual = [
            each.amount for each in adjustments if denials.kind_of(each.group, each.reason) == "contractual"
        ]
        assert claim.adjusted == sum(contractual)
        assert claim.balance == claim.charge - claim.paid - claim.adjusted - claim.written_off
        assert not claim.adjustments.exclude(payment__claim=claim).exists()
