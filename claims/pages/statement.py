"""A claim's account: each amount, what it is made of, and the place in a file from which each part came."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from decimal import Decimal

from django.urls import reverse

from accounts.access import may
from accounts.models import User
from rcm_site.templatetags.ui import day, money

from ..answers import denials
from ..models import Adjustment, Claim, ClaimEvent, ClaimPayment, Expectation, Import
from .places import Origin, in_file, place_in_words, remittance_name


@dataclass(frozen=True)
class Entry:
    """One amount of the account; `minus` where it is taken off the charge."""

    label: str
    amount: Decimal | None
    origins: list[Origin] = field(default_factory=list)
    minus: bool = False
    is_result: bool = False


@dataclass(frozen=True)
class Account:
    """What an account is drawn up from, read once."""

    claim: Claim
    payments: list[ClaimPayment]
    adjustments: list[Adjustment]
    events: list[ClaimEvent]
    user: User
    files: dict[uuid.UUID, str]  # those that this person may see, with their addresses

    def entries(self) -> list[Entry]:
        claim = self.claim
        here = [self._in_its_file()]
        return [
            Entry("Charge", claim.charge, here),
            Entry("Paid", claim.paid, self._paid(), minus=True),
            Entry("Adjusted by contract", claim.adjusted, self._adjusted("contractual"), minus=True),
            Entry("Written off", claim.written_off, self._written_off(), minus=True),
            Entry("Balance", claim.balance, is_result=True),
            Entry("of which the patient owes", claim.patient_share, self._adjusted("patient")),
        ]

    def expectations(self) -> list[Entry]:
        """What the account is measured by, and no part of it."""
        claim = self.claim
        expected = [self._expected_by()] if claim.expected is not None else []
        allowed = [self.origin(each) for each in self.payments if each.allowed is not None]
        return [Entry("Expected", claim.expected, expected), Entry("Allowed", claim.allowed, allowed)]

    def origin(self, payment: ClaimPayment, place: int = 0, words: str = "") -> Origin:
        """The remittance or file in which a payment, or one of its adjustments, stands."""
        where = place or payment.place
        if payment.remittance:
            name = f"{remittance_name(payment.remittance)}, {place_in_words(payment.source, where)}"
            may_see = may(self.user, "claims.view_remittance")
            found = Origin(name, reverse("claim_payment", args=[payment.pk]) if may_see else "")
        elif payment.source is None and (went_back := getattr(payment, "pay_back", None)):
            found = Origin(f"{went_back.get_way_display()}, written down by {went_back.asked_by}")
        else:
            found = in_file(payment.source, where, self._url_of(payment.source))
        return Origin(f"{words} · {found.text}" if words else found.text, found.url)

    def _expected_by(self) -> Origin:
        """Its payer's fee schedule, unless somebody typed something else since."""
        filled: Expectation | None = getattr(self.claim, "expectation", None)
        if filled is None or filled.amount != self.claim.expected:
            return self._in_its_file()
        stated = f"; the claim itself said {money(filled.stated)}" if filled.stated is not None else ""
        return Origin(f"by the fee schedule of {self.claim.payer}{stated}")

    def _in_its_file(self) -> Origin:
        return in_file(self.claim.source, self.claim.place, self._url_of(self.claim.source))

    def _url_of(self, source: Import | None) -> str:
        return self.files.get(source.pk, "") if source else ""

    def _paid(self) -> list[Origin]:
        posted = [each for each in self.payments if each.state == ClaimPayment.State.POSTED and each.paid]
        return [self.origin(each, words=f"{money(each.paid)} on {day(each.paid_on)}") for each in posted]

    def _adjusted(self, kind: str) -> list[Origin]:
        return [
            self.origin(each.payment, each.place, f"{money(each.amount)} {each.group}-{each.reason}")
            for each in self.adjustments
            if each.payment.state == ClaimPayment.State.POSTED
            and denials.kind_of(each.group, each.reason) == kind
        ]

    def _written_off(self) -> list[Origin]:
        if not self.claim.written_off:
            return []
        off = next((each for each in self.events if each.to_status == Claim.Status.WRITTEN_OFF), None)
        return [Origin(f"on {day(off.at)} by {who(off) or 'a file'}")] if off else []


def who(event: ClaimEvent) -> str:
    """Whoever did it; what a payer's file made happen is nobody's doing, and the file is named beside it."""
    if event.actor:
        return event.actor.name
    if event.rule:
        return f"rule “{event.rule}”"
    return "" if event.source_id else "The site"
