"""What tests make: people, departments, claims and what hangs on them, with as little said as possible."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import Department, User
from analytics.models import Alert, AlertRule
from claims.models import Claim, ClaimLine, ClaimPayment, Import, Patient, Payer, Provider, Remittance
from claims.numbers import next_numbers

PASSWORD = "a-good-long-password"
_numbers = count(1)


def make_department(name: str = "") -> Department:
    return Department.objects.create(name=name or f"Department {next(_numbers)}")


def make_user(role: str = "biller", *, departments: list[Department] | None = None, **fields: Any) -> User:
    number = next(_numbers)
    fields = {"email": f"{role or 'nobody'}{number}@clinic.example", "name": f"Person {number}"} | fields
    user = User.objects.create_user(
        fields.pop("email"), fields.pop("password", PASSWORD), role=role, **fields
    )
    user.departments.set(departments or [])
    return user


def make_provider(npi: str = "", **fields: Any) -> Provider:
    return Provider.objects.get_or_create(npi=npi or f"{1_000_000_000 + next(_numbers)}", defaults=fields)[0]


def make_payer(name: str = "", **fields: Any) -> Payer:
    return Payer.objects.get_or_create(name=name or f"Payer {next(_numbers)}", defaults=fields)[0]


def make_patient(
    patient_id: str = "", *, departments: list[Department] | None = None, **fields: Any
) -> Patient:
    patient = Patient.objects.create(patient_id=patient_id or f"P-{next(_numbers)}", **fields)
    patient.departments.set(departments or [])
    return patient


def make_claim(*, fees: list[str | tuple[str, str]] | None = None, **fields: Any) -> Claim:
    """A claim with one line a fee: `"10.00"`, or with its NPI `("1234567893", "10.00")`."""
    number = next_numbers(1)[0]
    fields = {"kind": "dental", "control_number": f"PCN-{number}"} | fields
    named = [fee if isinstance(fee, tuple) else ("1234567893", fee) for fee in fees or []]
    total = sum((Decimal(fee) for _, fee in named), Decimal(0))
    decided = fields.get("status") in ("paid", "denied")
    if decided:
        fields = {"decided_on": timezone.localdate()} | fields
    claim = Claim.objects.create(number=number, **({"charge": total} | fields))
    for position, (npi, fee) in enumerate(named, start=1):
        ClaimLine.objects.create(
            claim=claim,
            number=position,
            procedure="D1110",
            service_date=claim.service_from,
            provider=make_provider(npi),
            charge=Decimal(fee),
            provider_fees=Decimal(fee),
            allowed_fees=0,
            coinsurance=0,
            copay=0,
        )
    claim.refresh_from_db(fields=["balance"])
    return claim


def make_line(claim: Claim, fee: str, *, number: int = 1, **fields: Any) -> ClaimLine:
    """A line of a claim that is there already, with this net fee and no provider unless one is given."""
    nothing = dict.fromkeys(("allowed_fees", "coinsurance", "copay"), 0)
    return ClaimLine.objects.create(
        claim=claim, number=number, provider_fees=Decimal(fee), **(nothing | fields)
    )


def make_import(sent_by: User | None = None, **fields: Any) -> Import:
    """A file that has been taken in, without its bytes."""
    fields = {"name": "claims.csv", "size": 100, "digest": f"{next(_numbers):064x}", "state": "done"} | fields
    return Import.objects.create(sent_by=sent_by or make_user("admin"), **fields)


def make_remittance(source: Import | None = None, **fields: Any) -> Remittance:
    """A remittance that adds up, unless its sums say otherwise."""
    number = next(_numbers)
    fields = {"trace_number": f"EFT-{number}", "amount": Decimal(100), "place": 3} | fields
    fields = {"claims_paid": fields["amount"], "paid_on": timezone.localdate()} | fields
    source = source or make_import(kind="x12", name="remittances.835")
    remittance = Remittance.objects.create(source=source, identity=f"{number:064x}", **fields)
    remittance.refresh_from_db(fields=["imbalance"])
    return remittance


def make_payment(*, remittance: Remittance | None = None, **fields: Any) -> ClaimPayment:
    """A claim payment, posted where it has a claim; the claim's own sums stay as they are."""
    claim = fields.get("claim")
    fields = {"state": "posted" if claim else "unmatched", "place": 12, "payer_status": "1"} | fields
    fields = {"control_number": claim.control_number if claim else "PCN-X"} | fields
    fields = {"source": remittance.source if remittance else None} | fields
    return ClaimPayment.objects.create(remittance=remittance, **fields)


def make_rule(**fields: Any) -> AlertRule:
    """The denial rate above 10%."""
    fields = {"name": f"Rule {next(_numbers)}", "watches": "denial_rate"} | fields
    return AlertRule.objects.create(**({"condition": "above", "limit": Decimal(10)} | fields))


def make_alert(rule: AlertRule | None = None, **fields: Any) -> Alert:
    """An open one, about its rule's department: 14.2% where 10% is the limit."""
    rule = rule or make_rule()
    today, value = timezone.localdate(), fields.get("value", Decimal("14.2"))
    fields = {"department": rule.department, "payer": rule.payer, "start": today, "end": today} | fields
    fields = {"value": value, "value_at_first": value, "worst": value, "n": 212} | fields
    alert = Alert.objects.create(
        rule=rule,
        watches=rule.watches,
        severity=rule.severity,
        condition=rule.condition,
        limit=rule.limit,
        **fields,
    )
    alert.events.create(what="opened", at=alert.opened_at, value=alert.value)
    return alert
