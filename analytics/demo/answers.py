"""What payers answer in the demo: each answer down to the adjustment, and what it does to its claim.

The sums and the claim's new state come from the same functions that post a real 835.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from claims.answers.decisions import Decision, Sums, add_up, allowed_of, apply, kind_of
from claims.answers.denials import Kind
from claims.models import ClaimPayment, ServicePayment

from .bills import Answered, Bill, Line
from .days import Days
from .files import Files, Payday
from .ids import reserve
from .payers import Habit
from .writing import Batch

_ANSWERS_A_CLAIM, _LINES_A_CLAIM = 4, 12  # more than any claim has
_POSTED = ClaimPayment.State.POSTED.value
_POSTING_SECONDS = 7 * 3600


def paid_line(line: Line, habit: Habit, *, falls_short: float = 0.0) -> Answered:
    """What contract and patient leave of the charge; a payer may allow less than was agreed."""
    allowed = line.allowed - int(line.allowed * falls_short)
    reason, share = line.share
    share = min(share, allowed)
    kept_back = int((allowed - share) * habit.keeps_back)
    amounts = (("CO", "45", line.charge - allowed), ("PR", reason, share), ("CO", "253", kept_back))
    reasons = [each for each in amounts if each[2]]
    return Answered(line, line.charge, allowed - share - kept_back, allowed, reasons)


def denied_line(line: Line, reason: tuple[str, str, str]) -> Answered:
    group, carc, remark = reason
    return Answered(line, line.charge, 0, None, [(group, carc, line.charge)], remark)


def paid_twice(answered: Answered) -> Answered:
    """The same payment once more: what was not paid then is told as decided before."""
    rest = answered.charge - answered.paid
    return Answered(answered.line, answered.charge, answered.paid, None, [("OA", "23", rest)] if rest else [])


def taken_back(answered: Answered) -> Answered:
    reasons = [(group, carc, -amount) for group, carc, amount in answered.reasons]
    return Answered(answered.line, -answered.charge, -answered.paid, None, reasons, answered.remark)


class Answers:
    """Posts payers' answers on claims, and keeps their rows."""

    def __init__(self, days: Days, files: Files, rng: Random, claims: int) -> None:
        self._days, self._files, self._rng = days, files, rng
        self._payment = reserve(ClaimPayment, claims * _ANSWERS_A_CLAIM)
        self._service = reserve(ServicePayment, claims * _LINES_A_CLAIM)
        self.batch = Batch()

    def post(self, bill: Bill, day: int, status: str, answered: Sequence[Answered]) -> None:
        payday = self._files.paydays[bill.payer, day]
        payment, self._payment = self._payment, self._payment + 1
        payday.place += 1 + len(answered)
        payday.file.payments += 1
        sums = add_up(_reasons(answered), 0)
        charge = sum([each.charge for each in answered])
        paid = sum([each.paid for each in answered])
        allowed = allowed_of(charge, sums, None, [each.allowed for each in answered])
        decision = self._decision(bill, payday, payment, status, paid, sums, allowed)
        effect = apply(decision, bill.standing)
        moment = self._days.moment(day, _POSTING_SECONDS + bill.number % 1800)
        source = payday.file.id, payday.place
        action = f"{effect.action}: {effect.doubt}" if effect.doubt else effect.action
        bill.note(moment, action, before=str(effect.before), after=str(effect.after), source=source)
        payday.paid += paid
        payday.claims += 1
        bill.answers += answered
        self._keep(bill, payday, decision, charge, moment, answered)

    def _decision(
        self,
        bill: Bill,
        payday: Payday,
        payment: int,
        status: str,
        paid: int,
        sums: Sums,
        allowed: int | None,
    ) -> Decision:
        return Decision(
            payment_id=payment,
            remittance_id=payday.id,
            payer_status=status,
            day=self._days.dates[payday.file.day],
            place=payday.place,
            source_id=None,
            payer_claim_number=f"{bill.habit.number}{bill.number:09d}",
            paid=paid,
            contractual=sums.contractual,
            share=sums.share,
            allowed=allowed,
            category=sums.category,
        )

    def _keep(
        self,
        bill: Bill,
        payday: Payday,
        decision: Decision,
        charge: int,
        moment: int,
        answered: Sequence[Answered],
    ) -> None:
        batch, serviced = self.batch, self._days.dates[bill.service_day]
        batch.payments.append(
            (
                *(decision.payment_id, payday.id, payday.file.id, decision.place, bill.id, _POSTED),
                *(bill.control_number, decision.payer_claim_number, decision.payer_status, serviced),
                *(decision.day, charge, decision.paid, decision.share, decision.allowed, 0, "", ""),
                self._days.text(moment),
            )
        )
        for number, each in enumerate(answered, 1):
            pk, self._service = self._service, self._service + 1
            line, place = each.line, decision.place + number
            batch.services.append(
                (
                    *(pk, decision.payment_id, place, line.id, line.service.procedure, ""),
                    *(line.service.revenue_code, str(line.units), serviced, f"{bill.number}-{number}"),
                    *(each.charge, each.paid, each.allowed, 0, each.remark),
                )
            )
            batch.adjustments += [
                (
                    *(decision.payment_id, pk, bill.id, place, group, carc, each.remark, amount, ""),
                    kind_of(group, carc) == Kind.DENIAL,
                )
                for group, carc, amount in each.reasons
            ]


def _reasons(answered: Iterable[Answered]) -> Iterable[tuple[str, str, int, tuple[str, ...]]]:
    for each in answered:
        remarks: tuple[Any, ...] = (each.remark,) if each.remark else ()
        for group, carc, amount in each.reasons:
            yield group, carc, amount, remarks
