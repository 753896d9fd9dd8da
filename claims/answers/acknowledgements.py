"""Attaches what a payer's or clearing house's intake said (277CA, 999, 997) to the claims that it means."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils import timezone

from .. import bulk
from ..imports.records import AcknowledgementRecord, Problem, Severity
from ..intake import Intake, Taken
from ..models import Claim, ClaimEvent
from ..money import cents
from .settling import EVENT_COLUMNS, in_batches

AtIntake = Claim.AtIntake
Ids = list[uuid.UUID]

NOBODY = "names no claim that is here"
SEVERAL = "names claims of several senders: say whose numbers these are when you send the file"
_LONGEST_ACTION = 200


def attach(records: Sequence[AcknowledgementRecord], intake: Intake) -> list[Taken]:
    """Note each answer on its claims; one that names no claim here is told and changes nothing."""
    taken = [Taken(record) for record in records]
    named = _claims_named(records, intake) | _claims_sent(records, intake)
    claims = _held({pk for ids in named.values() for pk in ids})
    now, events = timezone.now(), []
    for each, record in zip(taken, records, strict=True):
        ids = named.get(_key(record), [])
        if len(ids) == 1 or (ids and not record.is_about_claim):
            each.claim_id = ids[0]
            for pk in ids:
                events.append(_note(record, claims[pk], intake, now))
        else:
            reason = SEVERAL if ids else NOBODY
            each.problems.append(Problem(record.place, _field(record), reason, Severity.WARNING))
    changed = {event[0]: claims[event[0]] for event in events}
    Claim.objects.bulk_update(changed.values(), ["at_intake", "payer_claim_number"], batch_size=200)
    bulk.insert(ClaimEvent, EVENT_COLUMNS, events)
    return taken


Key = tuple[str, str, int | None]


def _key(record: AcknowledgementRecord) -> Key:
    if record.is_about_claim:
        return "", record.control_number, record.charge
    return record.group_number, record.control_number, None


def _field(record: AcknowledgementRecord) -> str:
    if record.is_about_claim:
        return "TRN02"
    return "AK202" if record.control_number else "AK102"


def _claims_named(records: Sequence[AcknowledgementRecord], intake: Intake) -> dict[Key, Ids]:
    """The claim that a 277CA means; more than one only where its number is several senders'."""
    answers = [each for each in records if each.is_about_claim and each.control_number]
    found: dict[str, list[Claim]] = defaultdict(list)
    for batch in in_batches(sorted({each.control_number for each in answers})):
        claims = Claim.objects.filter(control_number__in=batch).exclude(control_number="").order_by()
        for claim in claims.only("control_number", "sender", "status", "number", "charge"):
            found[claim.control_number].append(claim)
    return {_key(each): _meant(found[each.control_number], each.charge, intake.sender) for each in answers}


def _meant(claims: list[Claim], charge: int | None, sender: str) -> Ids:
    if len({claim.sender for claim in claims}) > 1:
        claims = [claim for claim in claims if claim.sender == sender] or claims
    if len({claim.sender for claim in claims}) > 1:
        claims = [claim for claim in claims if cents(claim.charge) == charge] or claims
    newest: dict[str, Claim] = {}
    for claim in sorted(claims, key=lambda claim: (claim.status != Claim.Status.VOID, claim.number)):
        newest[claim.sender] = claim
    return [claim.pk for claim in newest.values()]


def _claims_sent(records: Sequence[AcknowledgementRecord], intake: Intake) -> dict[Key, Ids]:
    """All claims of the transaction, or of the group, that a 999 answers.

    Senders count their groups anew now and then: what is answered is what came in last.
    """
    found: dict[Key, Ids] = {}
    for key in {_key(each) for each in records if not each.is_about_claim and each.group_number}:
        wanted = Q(group_number=key[0]) & ~Q(group_number="")
        if key[1]:
            wanted &= Q(transaction_number=key[1])
        claims = list(Claim.objects.filter(wanted).order_by("number").only("sender", "source"))
        claims = [claim for claim in claims if claim.sender == intake.sender] or claims
        newest = claims[-1].source_id if claims else None
        found[key] = [claim.pk for claim in claims if claim.source_id == newest]
    return found


def _held(ids: set[uuid.UUID]) -> dict[uuid.UUID, Claim]:
    """Locked in one order, so that two workers never wait for each other."""
    claims: dict[uuid.UUID, Claim] = {}
    for batch in in_batches(sorted(ids)):
        rows = Claim.objects.select_for_update(no_key=True).filter(pk__in=batch).order_by("pk")
        claims |= {claim.pk: claim for claim in rows.only("status", "at_intake", "payer_claim_number")}
    return claims


def _note(record: AcknowledgementRecord, claim: Claim, intake: Intake, now: Any) -> tuple[Any, ...]:
    """Set what the answer says on the claim; the event that tells of it."""
    said = AtIntake.ACCEPTED if record.accepted else AtIntake.REJECTED
    # What is said of a claim by its own number counts for more than what is said of its whole file.
    if record.is_about_claim or not claim.at_intake:
        claim.at_intake = said
    claim.payer_claim_number = record.payer_claim_number or claim.payer_claim_number
    codes = f" ({', '.join(record.codes)})" if record.codes else ""
    action = f"{said.label.lower()} at intake{codes}"[:_LONGEST_ACTION]
    source_id = intake.source.pk if intake.source else None
    return (claim.pk, now, None, action, claim.status, claim.status, "", False, source_id, record.place)
