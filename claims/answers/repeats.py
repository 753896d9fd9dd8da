"""Which remittances of a file are new, and which are here already: payers and people send them again.

A remittance is known by payer, trace number, day and amount, so that its repetition in another file posts
nothing. Where the first file ended too early, the repetition fills in what it lacked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ..imports.records import Problem, RemittanceRecord, Severity
from ..intake import Intake
from ..models import ClaimPayment, PayerAlias, Remittance
from ..money import cents, dollars
from ..parties import PayerName, find_payers, spelling

# Control number, payer's number, status, charge and payment: two answers of one remittance differ in these.
Key = tuple[str, str, str, int, int]

REFUSED = "The remittance that pays it could not be read: see the problems of its file."


class Mode(StrEnum):
    NEW = "new"
    REPEAT = "repeat"  # nothing of it is posted again
    FILL = "fill"  # only what the first file lacked


@dataclass(slots=True)
class Opened:
    """A remittance whose claims are being read."""

    remittance: Remittance
    mode: Mode
    is_refused: bool = False  # its own payment could not be read, so its claims are held back
    problems: list[Problem] = field(default_factory=list)
    has_changed: bool = False

    def noted(self) -> dict[str, Any]:
        """What the next chunk of the file has to know."""
        return {"id": self.remittance.pk, "mode": str(self.mode), "is_refused": self.is_refused}


def still_open(carry: dict[str, Any]) -> Opened | None:
    """The remittance in whose midst the last chunk ended."""
    noted = carry.get("remittance")
    if not noted:
        return None
    remittance = Remittance.objects.select_related("source").get(pk=noted["id"])
    return Opened(remittance, Mode(noted["mode"]), noted["is_refused"])


def open_remittances(
    records: Sequence[RemittanceRecord], intake: Intake, carry: dict[str, Any]
) -> list[Opened]:
    """Keep the new ones of these; each one as it is kept, with what to tell of it."""
    ordinals = _ordinals(records, intake, carry)
    identities = [
        _identity(record, ordinal, intake) for record, ordinal in zip(records, ordinals, strict=True)
    ]
    known = _known(identities)
    _keep(records, identities, set(known), intake)
    kept = _known(identities)
    opened = []
    for record, identity, ordinal in zip(records, identities, ordinals, strict=True):
        remittance = kept[identity]
        is_ours = identity not in known and remittance.source_id == _source(intake).pk
        mode = Mode.NEW if is_ours else Mode.FILL if _was_cut(remittance) else Mode.REPEAT
        is_refused = any(each.severity == Severity.ERROR for each in record.problems)
        opened.append(Opened(remittance, mode, is_refused, _told(record, remittance, mode, ordinal)))
    return opened


def kept_before(opened: Opened, keys: Collection[Key]) -> set[Key]:
    """Which payments of a remittance that is filled in were kept from its first file.

    One that was held back there may be the one at which that file ended: it makes room for the whole one.
    """
    payments = opened.remittance.claim_payments.filter(control_number__in={key[0] for key in keys})
    kept = set()
    for payment in payments:
        numbers = payment.control_number, payment.payer_claim_number, payment.payer_status
        key = (*numbers, cents(payment.charge), cents(payment.paid))
        if payment.state != ClaimPayment.State.HELD:
            kept.add(key)
        elif key in keys:
            _make_room(opened.remittance, payment)
            opened.has_changed = True
    return kept


def _make_room(remittance: Remittance, payment: ClaimPayment) -> None:
    remittance.line_imbalances -= payment.services.exclude(imbalance=0).count()
    remittance.claim_imbalances -= payment.imbalance != 0
    payment.delete()


def _was_cut(remittance: Remittance) -> bool:
    """Its end was never read, and the file that brought it will bring no more."""
    return (remittance.is_cut_off or remittance.claims_paid is None) and remittance.source.is_over


def _told(record: RemittanceRecord, first: Remittance, mode: Mode, ordinal: int) -> list[Problem]:
    if mode == Mode.REPEAT:
        reason = f"is here already as remittance {first.pk}: nothing of it is posted again"
    elif mode == Mode.FILL:
        reason = f"continues remittance {first.pk}, whose file ended early: what it lacked is posted"
    elif ordinal:
        reason = "stands in this file before, with the same payer, number, day and amount; it is posted again"
    else:
        return []
    return [Problem(record.place, "TRN02", reason, Severity.WARNING)]


def _ordinals(records: Sequence[RemittanceRecord], intake: Intake, carry: dict[str, Any]) -> list[int]:
    """How many equal ones stand before each in its file: a file may pay alike more than once."""
    if carry.get("file") != intake.file:
        carry["file"], carry["seen"] = intake.file, {}
    seen = carry["seen"]
    ordinals = []
    for record in records:
        key = _digest(*_names(record))[:16]
        ordinals.append(seen.get(key, 0))
        seen[key] = ordinals[-1] + 1
    return ordinals


def _names(record: RemittanceRecord) -> tuple[str, ...]:
    amount = -record.amount if record.is_debit else record.amount
    day = record.paid_on.isoformat() if record.paid_on else ""
    return spelling(record.payer_id or record.payer), record.trace_number, day, str(amount)


def _identity(record: RemittanceRecord, ordinal: int, intake: Intake) -> str:
    parts = [*_names(record), str(ordinal)]
    if not record.trace_number or any(each.severity == Severity.ERROR for each in record.problems):
        # Nothing tells it from another one: only the same place of the same file is the same.
        parts += [str(_source(intake).pk), intake.file, str(record.place)]
    return _digest(*parts)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _known(identities: Sequence[str]) -> dict[str, Remittance]:
    found = Remittance.objects.select_related("source").filter(identity__in=identities)
    return {each.identity: each for each in found.order_by()}


def _keep(
    records: Sequence[RemittanceRecord], identities: Sequence[str], known: set[str], intake: Intake
) -> None:
    """Whoever brings the same one at the same moment waits here, and then finds it."""
    names = [PayerName(record.payer_id, record.payer) for record in records]
    payers = find_payers(names, PayerAlias.Used.REMITTANCES)
    rows = [
        _row(record, identity, payers.get(name), intake)
        for record, identity, name in zip(records, identities, names, strict=True)
        if identity not in known
    ]
    rows.sort(key=lambda row: row.identity)
    Remittance.objects.bulk_create(rows, ignore_conflicts=True)


def _row(record: RemittanceRecord, identity: str, payer: int | None, intake: Intake) -> Remittance:
    amount = dollars(record.amount) or Decimal(0)
    return Remittance(
        source=_source(intake),
        place=record.place,
        payer_id=payer,
        payer_name=record.payer,
        payer_number=record.payer_id,
        payee=record.payee,
        payee_npi=record.payee_npi,
        trace_number=record.trace_number,
        method=record.method[:10],
        paid_on=record.paid_on,
        amount=-amount if record.is_debit else amount,
        identity=identity,
    )


def _source(intake: Intake) -> Any:
    if intake.source is None:
        raise ValueError("A remittance comes out of a file.")
    return intake.source
