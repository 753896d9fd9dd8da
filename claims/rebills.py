"""Claims that replace (frequency 7) or void (8) an earlier one: finding that one and taking it out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from accounts.models import User

from .downstream import outbox
from .fields import blind_index
from .imports.records import ClaimRecord
from .intake import Intake, Taken
from .models import Claim, ClaimEvent, Import, OutboxMessage

REBILLS = ("7", "8")
BY = {"7": "replaced by a rebill", "8": "voided by a rebill"}


def mark_of(record: ClaimRecord) -> str:
    """What tells a rebill from others of its control number: what it bills. The same again is a duplicate."""
    if record.frequency not in REBILLS or not record.control_number:
        return ""
    lines = [
        (line.procedure, line.modifiers, line.service_date, line.units, line.charge, line.provider_fees)
        for line in record.lines
    ]
    billed = (record.frequency, record.original_number, record.charge, record.diagnoses, lines)
    return blind_index(repr(billed), "rebill")


def settle(taken: Sequence[Taken], intake: Intake) -> None:
    """Link each new rebill with its original, which becomes void, and tell the payments side of it."""
    rebills = [each for each in taken if each.number and _record(each).frequency in REBILLS]
    if not rebills:
        return
    known = _Known(_candidates(rebills, intake.actor))
    for each in rebills:
        rebill = known.claim(each)
        original = known.original_of(rebill)
        if original is None:
            continue
        rebill.original = original
        rebill.save(update_fields=["original"])
        if original.status != Claim.Status.VOID:
            take_out(original, rebill, actor=intake.actor, source=intake.source)


def _candidates(rebills: Sequence[Taken], actor: User | None) -> list[Claim]:
    """The rebills, and what they may mean of the claims that the sender sees; held until all is done."""
    control = {number for each in rebills if (number := _record(each).control_number)}
    originals = {number for each in rebills if (number := _record(each).original_number)}
    visible = Claim.objects.all() if actor is None else Claim.objects.visible_to(actor)
    meant = visible.filter(control_number__in=control) if control else visible.none()
    by_payer = visible.filter(payer_claim_number__in=originals) if originals else visible.none()
    ids = {
        *meant.values_list("pk", flat=True).order_by(),
        *by_payer.values_list("pk", flat=True).order_by(),
        *(each.claim_id for each in rebills if each.claim_id),
    }
    return list(Claim.objects.filter(pk__in=ids).select_for_update().order_by("pk"))


class _Known:
    """Claims by the numbers under which a rebill may mean them, newest last."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        ordered = sorted(claims, key=lambda claim: claim.number)
        self._by_id = {claim.pk: claim for claim in ordered}
        self._by_payer: dict[str, list[Claim]] = defaultdict(list)
        self._by_control: dict[tuple[str, str], list[Claim]] = defaultdict(list)
        for claim in ordered:
            if claim.frequency != "8":
                self._by_payer[claim.payer_claim_number].append(claim)
                self._by_control[claim.control_number, claim.sender].append(claim)

    def claim(self, taken: Taken) -> Claim:
        assert taken.claim_id is not None  # noqa: S101 - it was just stored
        return self._by_id[taken.claim_id]

    def original_of(self, rebill: Claim) -> Claim | None:
        """By the payer's number; else the same control number of the same sender. A living one goes first."""
        by_payer = self._by_payer[rebill.original_number] if rebill.original_number else []
        by_control = self._by_control[rebill.control_number, rebill.sender] if rebill.control_number else []
        found = [claim for claim in by_payer or by_control if claim.number < rebill.number]
        living = [claim for claim in found if claim.status != Claim.Status.VOID]
        return (living or found)[-1] if found else None


def take_out(original: Claim, rebill: Claim, *, actor: User | None, source: Import | None = None) -> None:
    """Make a claim void, as another has taken its place."""
    before, original.status = original.status, Claim.Status.VOID
    original.save(update_fields=["status"])
    ClaimEvent.objects.create(
        claim=original,
        actor=actor,
        action=BY[rebill.frequency],
        from_status=before,
        to_status=original.status,
        source=source,
        place=rebill.place,
    )
    outbox.tell(original, OutboxMessage.Reason.VOIDED)


def _record(taken: Taken) -> ClaimRecord:
    assert isinstance(taken.record, ClaimRecord)  # noqa: S101
    return taken.record
