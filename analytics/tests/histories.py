"""Random lives of claims: what may happen to them, by whatever way, for tests of facts and KPIs."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Department, User
from claims.answers.denials import Kind, kind_of
from claims.models import Adjustment, Claim, ClaimEvent, ClaimLine, ClaimPayment, Payer, Shortfall
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_provider, make_user

LAST = date(2026, 6, 30)
REASONS = (("CO", "45"), ("CO", "97"), ("CO", "16"), ("PR", "1"), ("OA", "23"))


class World:
    """A few parties and the claims between them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.payers: list[Payer | None] = [make_payer(), make_payer(), None]
        self.departments: list[Department | None] = [make_department(), make_department(), None]
        self.people: list[User] = [make_user(), make_user()]
        self.providers = [make_provider(npi) for npi in ("1234567893", "1111111112")]

    def live(self, steps: int, between: Callable[[], None]) -> None:
        for _ in range(steps):
            getattr(self, self.chance.choice(HAPPENINGS))()
            between()

    # What happens -----------------------------------------------------------------------------------

    def arrive(self) -> None:
        status = self.chance.choice(Claim.Status.values)
        decided = self.day() if status in ("paid", "denied", "appealed") else None
        claim = make_claim(
            fees=[("1234567893", self.money()), ("1111111112", self.money())],
            payer=self.chance.choice(self.payers),
            department=self.chance.choice(self.departments),
            provider=self.chance.choice([*self.providers, None]),
            kind=self.chance.choice(Claim.Kind.values),
            frequency=self.chance.choice("1178"),
            status=status,
            submitted_on=self.day(),
            received_at=self.moment(),
            service_from=self.chance.choice([self.day(), None]),
            decided_on=decided,
            first_decided_on=decided,
            first_decision=self.chance.choice(["paid", "denied"]) if decided else "",
            paid_on=decided if status == "paid" else None,
            denial_category="coding" if status in ("denied", "appealed") else "",
            expected=self.chance.choice([None, Decimal(self.money())]),
            written_off=Decimal("1.00") if status == "written_off" else 0,
        )
        if self.chance.random() < 0.5:
            self.note(claim, "", status)

    def be_paid(self) -> None:
        if claim := self.any_claim():
            paid = Decimal(self.money()) * self.chance.choice([1, 1, -1])  # paid, or taken back
            payment = ClaimPayment.objects.create(
                claim=claim,
                state="posted",
                paid_on=self.chance.choice([self.day(), None]),
                paid=paid * self.chance.choice([1, 1, 0]),
                patient_share=Decimal(self.money()) * self.chance.choice([0, 1, 1, -1]),
            )
            for group, reason in self.chance.sample(REASONS, 2):
                Adjustment.objects.create(
                    payment=payment,
                    claim=claim,
                    group=group,
                    reason=reason,
                    remarks=self.chance.choice(["", "N382", "N382 M15"]),
                    amount=Decimal(self.money()),
                    is_denial=kind_of(group, reason) == Kind.DENIAL,
                )
            Claim.objects.filter(pk=claim.pk).update(paid=claim.paid + payment.paid)

    def change_status(self) -> None:
        if claim := self.any_claim():
            before, after = claim.status, self.chance.choice(Claim.Status.values)
            day = self.day()
            fields: dict[str, Any] = {"status": after}
            if after in ("paid", "denied"):
                fields |= {"decided_on": day, "first_decided_on": claim.first_decided_on or day}
                fields |= {"first_decision": claim.first_decision or after}
                category = self.chance.choice(["documentation", "coding"])
                fields |= {"denial_category": "" if after == "paid" else category}
                fields |= {"paid_on": day} if after == "paid" else {}
            if after == "written_off":
                fields["written_off"] = max(claim.balance, Decimal(0))
            Claim.objects.filter(pk=claim.pk).update(**fields)
            self.note(claim, before, after)

    def move(self) -> None:
        if claim := self.any_claim():
            Claim.objects.filter(pk=claim.pk).update(
                payer=self.chance.choice(self.payers),
                department=self.chance.choice(self.departments),
                provider=self.chance.choice(self.providers),
                kind=self.chance.choice(Claim.Kind.values),
            )

    def fall_short(self) -> None:
        """Of something on this claim or another, whoever is told of it."""
        if claim := self.any_claim():
            cause, amount = self.chance.choice(Shortfall.Cause.values), Decimal(self.money())
            Shortfall.objects.create(
                claim=claim,
                procedure=self.chance.choice(["", "D1110", "D2740"]),
                modifiers=self.chance.choice(["", "25"]),
                cause=cause,
                expected=Decimal(self.money()),
                amount=amount,
            )
            if self.chance.random() < 0.5:
                day = self.day()
                fields = {"status": "paid", "decided_on": claim.decided_on or day, "paid_on": day}
                Claim.objects.filter(pk=claim.pk).update(**fields, expected=claim.paid + 500)

    def be_worked(self) -> None:
        if claim := self.any_claim():
            self.note(claim, "", "", actor=self.chance.choice(self.people))

    def be_edited_by_hand(self) -> None:
        """SQL that knows nothing of us."""
        edits: list[tuple[str, str, Any]] = [
            ("claims_claim", "charge", self.chance.randrange(100_000)),
            ("claims_claim", "submitted_on", str(self.day())),
            ("claims_claim", "expected", None),
            ("claims_claim", "at_intake", "rejected"),
            ("claims_claim", "paid_on", self.chance.choice([None, str(self.day())])),
            ("claims_claim", "adjusted", self.chance.randrange(100_000)),
            ("claims_claim", "allowed", self.chance.randrange(50_000)),
            ("claims_claim", "received_at", self.moment().isoformat(sep=" ")),
            ("claims_claimline", "service_date", self.chance.choice([None, str(self.day())])),
            ("claims_claimline", "copay", 777),
            ("claims_claimline", "procedure", "D2740"),
            ("claims_claim", "decided_on", str(self.day())),
            ("claims_claimline", "provider_id", self.providers[0].pk),
            ("claims_claimpayment", "paid_on", str(self.day())),
            ("claims_claimpayment", "state", "held"),
            ("claims_adjustment", "reason", "96"),
            ("claims_adjustment", "is_denial", self.chance.random() < 0.5),
            ("claims_adjustment", "remarks", "M15"),
            ("claims_claimpayment", "paid", self.chance.randrange(-20_000, 20_000)),
            ("claims_claimpayment", "patient_share", self.chance.randrange(-20_000, 20_000)),
            ("claims_adjustment", "reason", "45"),
            ("claims_adjustment", '"group"', "CO"),
            ("claims_adjustment", "amount", 4321),
            ("claims_shortfall", "amount", self.chance.randrange(50_000)),
            ("claims_shortfall", "expected", self.chance.randrange(50_000)),
            ("claims_shortfall", "procedure", "D1110"),
            ("claims_shortfall", "cause", self.chance.choice(Shortfall.Cause.values)),
            ("claims_claimevent", "to_status", self.chance.choice(Claim.Status.values)),
            ("claims_claimevent", "is_error", True),
            ("claims_claimevent", "at", self.moment().isoformat(sep=" ")),
        ]
        table, column, value = self.chance.choice(edits)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id FROM {table} ORDER BY id")
            ids = [pk for (pk,) in cursor.fetchall()]
            if ids:
                cursor.execute(
                    f"UPDATE {table} SET {column} = %s WHERE id = %s",
                    [value, self.chance.choice(ids)],
                )

    def vanish(self) -> None:
        if claim := self.any_claim():
            Adjustment.objects.filter(payment__claim=claim).delete()
            ClaimPayment.objects.filter(claim=claim).delete()
            claim.delete()

    def lose_a_row(self) -> None:
        model = self.chance.choice([ClaimLine, ClaimEvent, Adjustment, Shortfall])
        rows = list(model._default_manager.order_by("pk"))
        if rows:
            self.chance.choice(rows).delete()

    # By chance --------------------------------------------------------------------------------------

    def any_claim(self) -> Claim | None:
        claims = list(Claim.objects.order_by("number"))
        return self.chance.choice(claims) if claims else None

    def note(self, claim: Claim, before: str, after: str, actor: User | None = None) -> None:
        ClaimEvent.objects.create(
            claim=claim,
            at=self.moment(),
            actor=actor,
            action=self.chance.choice(["called payer", "received"]),
            from_status=before,
            to_status=after,
            is_error=self.chance.random() < 0.3,
        )

    def day(self) -> date:
        return LAST - timedelta(days=self.chance.choice([0, 1, 2, 29, 30, 31, 60, 90, 91, 120, 121, 200]))

    def moment(self) -> datetime:
        """Often near midnight, where days differ between time zones."""
        at = time(self.chance.choice([0, 3, 4, 5, 12, 20, 23]), 30)
        return timezone.make_aware(datetime.combine(self.day(), at))

    def money(self) -> str:
        return f"{self.chance.randrange(1, 50_000) / 100:.2f}"


HAPPENINGS = (
    "arrive",
    "arrive",
    "arrive",
    "be_paid",
    "be_paid",
    "change_status",
    "change_status",
    "change_status",
    "move",
    "fall_short",
    "fall_short",
    "be_worked",
    "be_edited_by_hand",
    "be_edited_by_hand",
    "vanish",
    "lose_a_row",
)
