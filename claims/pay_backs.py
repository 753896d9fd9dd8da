"""Paying credit balances back: small amounts at once, larger ones when somebody else has agreed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db import transaction

from . import approvals, changes
from .approvals import State, needs_approval
from .changes import Change, ClaimError
from .models import Claim, PayBack


@dataclass(frozen=True)
class Paid:
    """What goes back: how much to whom, how, and on which day."""

    amount: Decimal
    to: str
    way: str
    paid_on: date
    reference: str = ""


@transaction.atomic
def ask(*, claim: Claim, paid: Paid, change: Change) -> PayBack:
    """Book what went back, or ask for it where it is more than one may decide alone.

    What went back of the claim before without anybody's consent counts, too: parts make no small amount.
    """
    claim = Claim.objects.select_for_update().get(pk=claim.pk)
    if paid.way == PayBack.Way.OFFSET and paid.to != PayBack.To.PAYER:
        raise ClaimError("Only a payer takes it out of another payment: say how the patient got it.")
    before = list(claim.paybacks.filter(state__in=(State.WAITING, State.DONE)))
    if any(_says(each) == paid for each in before if paid.reference):
        raise ClaimError("This is written down already, with the same reference.")
    approvals.refuse_second(PayBack, claim)
    alone = sum((each.amount for each in before if each.decided_by_id is None), Decimal(0))
    pay_back = PayBack(
        claim=claim,
        **vars(paid),
        note=change.note,
        asked_by=change.actor,
        state=State.WAITING if needs_approval(alone + paid.amount) else State.DONE,
    )
    told = replace(change, note=_words(pay_back))
    if pay_back.state == State.WAITING:
        changes.check_pay_back(claim, paid.amount, paid.paid_on)
        changes.note(claim, f"pay-back of ${paid.amount:,.2f} asked for", told)
    else:
        _book(pay_back, told)
    pay_back.save(force_insert=True)
    return pay_back


@transaction.atomic
def approve(*, asked: PayBack, change: Change) -> PayBack:
    """Book what was asked, if so much is still too much."""
    asked, _ = approvals.to_decide(asked, change.actor)
    told = f"Asked for by {asked.asked_by.name}. {_words(asked)} {change.note}".strip()
    _book(asked, replace(change, note=told))
    asked.save(update_fields=["payment"])
    return approvals.decided(asked, State.DONE, change)


def _book(pay_back: PayBack, change: Change) -> None:
    action = f"paid back ${pay_back.amount:,.2f} to {pay_back.recipient}"
    pay_back.payment = changes.pay_back(
        claim=pay_back.claim, amount=pay_back.amount, paid_on=pay_back.paid_on, action=action, change=change
    )


def _says(pay_back: PayBack) -> Paid:
    return Paid(**{name: getattr(pay_back, name) for name in Paid.__dataclass_fields__})


def _words(pay_back: PayBack) -> str:
    how = PayBack.Way(pay_back.way).label
    numbered = f"{how}, reference {pay_back.reference}." if pay_back.reference else f"{how}."
    return f"{numbered} {pay_back.note}".strip()
