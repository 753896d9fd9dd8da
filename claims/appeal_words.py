"""What an appeal says: an argument for each kind of denial, filled with its claim's own facts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from rcm_site.templatetags.ui import day, money

from .answers import denials
from .answers.reasons import reasons_that_count
from .models import Claim

Category = Claim.Category

ARGUMENTS: dict[str, str] = {
    Category.ELIGIBILITY: (
        "Your denial says that the member was not covered for this service. Coverage was verified before "
        "the service of {service}, and the member was active on that day under number {member}.\n\n"
        "Please correct the eligibility on file, and reprocess the claim."
    ),
    Category.AUTHORISATION: (
        "Your denial says that an authorisation was missing. {authorisation} The service of {service} was "
        "medically necessary and could not be put off; the enclosed records show it.\n\n"
        "Please accept the authorisation, or grant it after the fact, and reprocess the claim."
    ),
    Category.CODING: (
        "Your denial says that the coding does not support payment. The enclosed records document each "
        "procedure as a service of its own ({procedures}), with the diagnoses that were billed "
        "({diagnoses}).\n\nPlease review the records, and pay the procedures as they were billed."
    ),
    Category.DOCUMENTATION: (
        "Your denial asks for information that was missing. We enclose the complete records of the service "
        "of {service}.\n\nPlease review them, and reprocess the claim."
    ),
    Category.TIMELY_FILING: (
        "Your denial says that the claim was filed too late. The service was on {service}, and we submitted "
        "the claim on {submitted}; the enclosed acknowledgement proves it.\n\n"
        "Please accept the claim as filed in time, and reprocess it."
    ),
    Category.DUPLICATE: (
        "Your denial says that the claim is a duplicate. It is not: it bills {procedures} of {service}, "
        "which no other claim of ours does.\n\n"
        "Please tell us which claim you take for the same, and reprocess this one."
    ),
    Category.MEDICAL_NECESSITY: (
        "Your denial says that the service was not medically necessary. The patient’s condition "
        "({diagnoses}) called for {procedures} on {service}, in line with accepted standards of care; the "
        "enclosed records show the findings on which it was decided.\n\n"
        "Please have a physician of the same specialty review the records, and reprocess the claim."
    ),
    Category.COORDINATION: (
        "Your denial says that another payer comes first. According to the coverage that we verified for "
        "{service}, you are responsible for this claim; the enclosed answer shows what any other payer "
        "decided.\n\nPlease correct the order of payers on file, and reprocess the claim."
    ),
    Category.OTHER: (
        "We disagree with your denial of this claim. The service of {service} was provided as billed "
        "({procedures}), and the enclosed records support it.\n\n"
        "Please review the claim, and reprocess it."
    ),
}


@dataclass(frozen=True)
class Denied:
    """A reason of the payer in plain words."""

    code: str
    words: str
    amount: Decimal


@dataclass(frozen=True)
class Facts:
    """What an appeal tells of its claim; what is not known is a dash."""

    claim: str
    control_number: str
    payer: str
    payer_number: str
    patient: str
    birth_date: str
    member: str
    service: str
    submitted: str
    denied: str
    charge: str
    at_stake: str
    procedures: str
    diagnoses: str
    authorisation: str
    provider: str


UNKNOWN = "–"


def reasons_of(claim: Claim) -> list[Denied]:
    rows = reasons_that_count().filter(payment__claim=claim).order_by("-amount", "pk")
    return [
        Denied(f"{group}-{reason}", denials.words(group, reason), amount)
        for group, reason, amount in rows.values_list("group", "reason", "amount")
    ]


def facts_of(claim: Claim) -> Facts:
    lines = claim.lines.select_related("coverage").order_by("number")
    coverage = next((each.coverage for each in lines if each.coverage), None)
    procedures = [f"{each.procedure} {each.modifiers}".strip() for each in lines if each.procedure]
    patient, number = claim.patient, claim.authorization
    return Facts(
        claim=str(claim),
        control_number=claim.control_number or UNKNOWN,
        payer=claim.payer.name if claim.payer else UNKNOWN,
        payer_number=claim.payer_claim_number or UNKNOWN,
        patient=(patient.name or patient.patient_id or UNKNOWN) if patient else UNKNOWN,
        birth_date=day(patient.born_on) if patient else UNKNOWN,
        member=(coverage.subscriber or UNKNOWN) if coverage else UNKNOWN,
        service=_days(claim),
        submitted=day(claim.submitted_on),
        denied=day(claim.decided_on),
        charge=money(claim.charge),
        at_stake=money(claim.balance),
        procedures=", ".join(dict.fromkeys(procedures)) or UNKNOWN,
        diagnoses=", ".join(claim.diagnoses.split()) or UNKNOWN,
        authorisation=f"The service was authorised under number {number}." if number else "",
        provider=str(claim.provider) if claim.provider else UNKNOWN,
    )


def argument_for(claim: Claim, facts: Facts) -> str:
    """A first text, by what the claim was denied for; whoever files it changes what does not fit."""
    text = ARGUMENTS.get(claim.denial_category, ARGUMENTS[Category.OTHER])
    return text.format(**vars(facts)).replace("  ", " ")


def _days(claim: Claim) -> str:
    first, last = claim.service_from, claim.service_to
    if first and last and first != last:
        return f"{day(first)} to {day(last)}"
    return day(first or last)
