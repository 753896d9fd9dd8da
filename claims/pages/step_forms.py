"""The steps that a claim's page offers: what each asks, which comes first, and which do not apply."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.access import may, person
from accounts.forms import DayField
from accounts.models import User
from rcm_site.days import not_to_come
from rcm_site.templatetags.ui import day, money

from ..approvals import needs_approval
from ..changes import FOLLOWING
from ..models import Approval, Claim, ClaimPayment, OpenWork, PayBack, WriteOff
from ..models.work import LONGEST_REST
from ..steps import CameOfCall, Step, advice
from ..taking_back import booked_by_hand
from ..worklists.valuing import at_stake
from .forms import note_field

WORK = "claims.change_claim"
WAYS = [(each, each.capitalize()) for each in ("portal", "fax", "mail", "e-mail", "clearing house")]


class Call(forms.Form):
    came_of = forms.ChoiceField(label="What came of it", choices=CameOfCall.choices)
    reference = forms.CharField(
        label="Their reference",
        required=False,
        max_length=80,
        help_text="Under which they wrote the call down.",
    )
    again_in = forms.IntegerField(
        label="Look at it again in",
        required=False,
        min_value=1,
        max_value=LONGEST_REST,
        help_text="Business days; until then it rests.",
    )
    note = note_field()


class SendDocuments(forms.Form):
    what = forms.CharField(label="What was sent", max_length=200)
    how = forms.ChoiceField(
        label="How",
        choices=WAYS,
    )
    note = note_field()


class BillPatient(forms.Form):
    note = note_field()


class PostPayment(forms.Form):
    amount = forms.DecimalField(label="Amount", min_value=0, decimal_places=2, max_digits=12)
    paid_on = DayField(label="Paid on", validators=[not_to_come])


class WritePayBack(forms.Form):
    amount = forms.DecimalField(label="Amount", min_value=Decimal("0.01"), decimal_places=2, max_digits=12)
    to = forms.ChoiceField(label="Who gets it", choices=[("", "Choose …"), *PayBack.To.choices])
    way = forms.ChoiceField(label="How", choices=[("", "Choose …"), *PayBack.Way.choices])
    reference = forms.CharField(
        required=False, max_length=80, help_text="The number of the cheque, the transfer or their letter."
    )
    paid_on = DayField(label="Paid back on", validators=[not_to_come])
    note = note_field()


class AskWriteOff(forms.Form):
    reason = forms.ChoiceField(label="Why", choices=[("", "Choose …"), *WriteOff.Reason.choices])
    note = note_field()


class TakeBack(forms.Form):
    payment = forms.TypedChoiceField(label="What", coerce=int)
    note = forms.CharField(label="Why", max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))

    def offer(self, claim: Claim) -> None:
        booked = cast(forms.TypedChoiceField, self.fields["payment"])
        booked.choices = [(each.pk, booked_words(each)) for each in booked_by_hand(claim)]


class CloseWork(forms.Form):
    why = forms.ChoiceField(label="Why", choices=[("", "Choose …"), *OpenWork.Closed.choices])
    note = note_field()


FORMS: dict[Step, type[forms.Form]] = {
    Step.CALL: Call,
    Step.DOCUMENTS: SendDocuments,
    Step.BILL_PATIENT: BillPatient,
    Step.PAYMENT: PostPayment,
    Step.PAY_BACK: WritePayBack,
    Step.WRITE_OFF: AskWriteOff,
    Step.TAKE_BACK: TakeBack,
    Step.CLOSE: CloseWork,
}
LABELS = {
    Step.CALL: "Call",
    Step.DOCUMENTS: "Documents sent",
    Step.REBILL: "Correct and rebill",
    Step.APPEAL: "Appeal",
    Step.BILL_PATIENT: "Bill the patient",
    Step.PAYMENT: "Post a payment",
    Step.PAY_BACK: "Paid back",
    Step.WRITE_OFF: "Write off",
    Step.TAKE_BACK: "Take back",
    Step.CLOSE: "Close",
}
DO = {
    Step.CALL: "Write the call down",
    Step.DOCUMENTS: "Write it down",
    Step.BILL_PATIENT: "Patient was billed",
    Step.PAYMENT: "Post it",
    Step.PAY_BACK: "Write it down",
    Step.WRITE_OFF: "Write off",
    Step.TAKE_BACK: "Take it back",
    Step.CLOSE: "Close the work",
}
# The letter that opens a step together with the browser's access key.
KEYS = {
    Step.CALL: "c",
    Step.DOCUMENTS: "d",
    Step.REBILL: "r",
    Step.APPEAL: "a",
    Step.BILL_PATIENT: "b",
    Step.PAYMENT: "p",
    Step.PAY_BACK: "k",
    Step.WRITE_OFF: "w",
    Step.TAKE_BACK: "t",
    Step.CLOSE: "x",
}


@dataclass(frozen=True)
class Offered:
    """A step as the page shows it: with its form, or the page that has one."""

    step: Step
    form: forms.Form | None
    url: str
    is_first: bool
    is_open: bool
    hint: str = ""

    @property
    def label(self) -> str:
        return LABELS[self.step]

    @property
    def do(self) -> str:
        return DO.get(self.step, "")

    @property
    def key(self) -> str:
        return KEYS[self.step]


def form_of(step: Step, claim: Claim, asked: Any = None) -> forms.Form:
    known = {"amount": claim.overpaid, "paid_on": timezone.localdate()} if step == Step.PAY_BACK else {}
    form = FORMS[step](asked, auto_id=f"{step}_%s", initial=known)
    if isinstance(form, TakeBack):
        form.offer(claim)
    return form


def booked_words(payment: ClaimPayment) -> str:
    """$80.00 posted for 12 Nov 2026 by Ana Reyes."""
    if pay_back := getattr(payment, "pay_back", None):
        return f"{money(pay_back.amount)} paid back to {pay_back.recipient} on {day(payment.paid_on)}"
    by_hand = getattr(payment, "by_hand", None)
    who = f" by {by_hand.event.actor}" if by_hand and by_hand.event.actor else ""
    return f"{money(payment.paid)} posted for {day(payment.paid_on)}{who}"


def steps_of(
    request: HttpRequest, claim: Claim, bound: tuple[str, forms.Form] | None = None
) -> dict[str, Any]:
    """For the claim's page: what to do first, and every step that applies; `bound`: one filled in wrongly."""
    user = person(request)
    if not may(user, WORK):
        return {}
    first = advice(claim)
    offered = []
    for step in applying(claim):
        wrong = bound[1] if bound and bound[0] == step else None
        form = wrong or (form_of(step, claim) if step in FORMS else None)
        is_first = first is not None and first.step == step
        is_open = wrong is not None
        offered.append(Offered(step, form, url_of(claim, step), is_first, is_open, hint_of(claim, step)))
    return {
        "advice": first,
        "offered": sorted(offered, key=lambda each: not each.is_first),
        "waiting": [shown_waiting(each, user) for each in waiting_for(claim)],
    }


def waiting_for(claim: Claim) -> list[Approval]:
    """What somebody has asked for: seldom anything, and both only where too much was paid since."""
    kinds = (claim.writeoffs, claim.paybacks)
    return [each for kind in kinds for each in kind.waiting().select_related("asked_by")]


def shown_waiting(asked: Approval, user: User) -> dict[str, Any]:
    is_own = asked.asked_by_id == user.pk
    return {
        "it": asked,
        "url": reverse(asked.PAGE),
        "is_own": is_own,
        "may_approve": not is_own and may(user, asked.APPROVE),
    }


def applying(claim: Claim) -> list[Step]:
    undo = [Step.TAKE_BACK] if booked_by_hand(claim).exists() else []
    if claim.status == Claim.Status.VOID:
        return undo
    steps = [Step.CALL, Step.DOCUMENTS]
    if claim.status == Claim.Status.DENIED:
        steps.append(Step.APPEAL)
    if claim.is_open:
        steps.append(Step.REBILL)
    if claim.patient_share > 0:
        steps.append(Step.BILL_PATIENT)
    if claim.overpaid:
        steps.append(Step.PAY_BACK)
    if claim.balance > 0:
        if claim.status == Claim.Status.PAID or Claim.Status.PAID in FOLLOWING[claim.status]:
            steps.append(Step.PAYMENT)
        if Claim.Status.WRITTEN_OFF in FOLLOWING[claim.status]:
            steps.append(Step.WRITE_OFF)
    steps += undo
    if at_stake(claim):
        steps.append(Step.CLOSE)
    return steps


def url_of(claim: Claim, step: Step) -> str:
    if step in FORMS:
        return reverse("take_step", args=[claim.pk, str(step)])
    return reverse(str(step), args=[claim.pk])


def hint_of(claim: Claim, step: Step) -> str:
    if step == Step.WRITE_OFF:
        goes = (
            "waits until somebody who leads has approved it"
            if needs_approval(claim.balance)
            else "is done at once"
        )
        return f"{money(claim.balance)} is open; this {goes}."
    if step == Step.PAY_BACK:
        return (
            f"{money(claim.overpaid)} was paid too much. Up to {money(settings.WRITE_OFF_LIMIT)} of a claim "
            "is booked at once; more waits until somebody who leads has approved it."
        )
    if step == Step.TAKE_BACK:
        return (
            "What was booked by hand and was wrong counts on no day any more; it stays written down, with "
            "why. The claim stands as it did before, unless something has decided it since."
        )
    if step == Step.CLOSE:
        return "It leaves every worklist, with what is open on it, until something about it changes."
    if step == Step.BILL_PATIENT:
        return f"{money(claim.patient_share)} is the patient’s, as the payer says."
    return ""
