"""The files that the demo's claims and remittances came in: one of claims a day, one of remittances a payday."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from accounts.models import User
from claims import bulk
from claims.models import Import, ProviderAdjustment, Remittance
from claims.money import dollars

from .days import Days
from .ids import id_at, reserve
from .payers import PAYERS

SENDER = "RIVERSIDE"
_PAYEE, _PAYEE_NPI = "Riverside Medical Group", "1987654328"
_AT_CLAIMS, _AT_REMITTANCES = 7 * 3600, 6 * 3600  # seconds of the day at which files are sent
_REMITTANCE_COLUMNS = (
    *("id", "source_id", "place", "payer_id", "payer_name", "payer_number", "payee", "payee_npi"),
    *("trace_number", "method", "paid_on", "amount", "claims_paid", "provider_adjusted"),
    *("line_imbalances", "claim_imbalances", "is_cut_off", "identity", "added_at"),
)
_AT_ONCE = 500


@dataclass(slots=True)
class File:
    """A file as it fills."""

    id: str
    day: int
    name: str
    moment: int
    claims: int = 0
    lines: int = 0
    payments: int = 0


@dataclass(slots=True)
class Payday:
    """What one payer pays on one day."""

    id: int
    file: File
    payer: int
    place: int = 0
    paid: int = 0
    claims: int = 0


class Files:
    """All files and remittances: written empty, filled by the claims' lives, closed at the end."""

    def __init__(self, days: Days, rng: Random, payers: list[int]) -> None:
        self._days, self._rng, self._payers = days, rng, payers
        self._senders = list(User.objects.filter(role="biller").order_by("pk"))
        self.of_claims = {
            day: self._file(day, _AT_CLAIMS, "claims") for day in range(days.first, days.last + 1)
        }
        paydays = [
            (number, day)
            for day in range(days.first, days.last + 1)
            for number, payer in enumerate(PAYERS)
            if days.weekdays[day] in payer.weekdays
        ]
        self._of_remittances = {
            day: self._file(day, _AT_REMITTANCES, "remittances")
            for day in sorted({day for _, day in paydays})
        }
        first = reserve(Remittance, len(paydays))
        self.paydays = {
            (payer, day): Payday(first + number, self._of_remittances[day], payer)
            for number, (payer, day) in enumerate(paydays)
        }

    def _file(self, day: int, second: int, what: str) -> File:
        moment = self._days.moment(day, second + self._rng.randrange(1800))
        return File(id_at(moment, self._rng), day, f"{what}-{self._days.dates[day]}.x12", moment)

    def open(self) -> None:
        Import.objects.bulk_create([self._row(each) for each in self._all()], batch_size=_AT_ONCE)
        bulk.insert(
            Remittance, _REMITTANCE_COLUMNS, [self._remittance(each) for each in self.paydays.values()]
        )

    def close(self) -> None:
        """Write down what each file and remittance holds now, and leave out those that hold nothing."""
        sums = {each.id: each for each in self.paydays.values() if each.claims}
        Remittance.objects.exclude(pk__in=Remittance.objects.filter(claim_payments__isnull=False)).delete()
        kept = list(Remittance.objects.order_by("pk"))
        adjustments = [made for each in kept if (made := self._outside_claims(each, sums[each.pk].paid))]
        taken = {each.remittance_id: each.amount for each in adjustments}
        for each in kept:
            each.claims_paid = dollars(sums[each.pk].paid) or Decimal(0)
            each.provider_adjusted = taken.get(each.pk, Decimal(0))
            each.amount = each.claims_paid - each.provider_adjusted
        changed = ["claims_paid", "provider_adjusted", "amount"]
        Remittance.objects.bulk_update(kept, changed, batch_size=_AT_ONCE)
        ProviderAdjustment.objects.bulk_create(adjustments, batch_size=_AT_ONCE)
        self._close_files()

    def _close_files(self) -> None:
        held = {uuid.UUID(each.id): each for each in self._all() if each.claims or each.payments}
        Import.objects.exclude(pk__in=Import.objects.filter(claims__isnull=False)).exclude(
            pk__in=Import.objects.filter(remittances__isnull=False)
        ).delete()
        imports = list(Import.objects.all())
        for each in imports:
            file = held[each.pk]
            each.claims_stored, each.lines_stored = file.claims, file.lines
            each.payments_stored = file.payments
            records = file.claims + file.payments
            each.records_done, each.chunks_done = records, 1 + records // 2000
            each.size = each.bytes_done = 640 + 520 * file.claims + 95 * file.lines + 410 * file.payments
            each.seconds = round(0.02 + records * 0.0003, 3)
        changed = ["claims_stored", "lines_stored", "payments_stored", "records_done", "chunks_done"]
        Import.objects.bulk_update(imports, [*changed, "size", "bytes_done", "seconds"], batch_size=100)

    def _all(self) -> list[File]:
        return [*self.of_claims.values(), *self._of_remittances.values()]

    def _row(self, file: File) -> Import:
        sent_at = f"{self._days.text(file.moment)}+00:00"
        return Import(
            id=uuid.UUID(file.id),
            name=file.name,
            size=0,
            digest=hashlib.sha256(file.id.encode()).hexdigest(),
            sender=SENDER,
            sent_by=self._senders[file.day % len(self._senders)],
            sent_at=sent_at,
            read_as_of=self._days.dates[file.day],
            state=Import.State.DONE,
            found_kinds="837" if file.name.startswith("claims") else "835",
            files_done=1,
            started_at=sent_at,
            finished_at=sent_at,
        )

    def _remittance(self, payday: Payday) -> tuple[object, ...]:
        habit, day = PAYERS[payday.payer], payday.file.day
        trace = f"{habit.number}{self._days.dates[day]:%y%m%d}"
        identity = hashlib.sha256(f"demo {trace}".encode()).hexdigest()
        return (
            *(payday.id, payday.file.id, 1 + payday.payer, self._payers[payday.payer]),
            *(habit.name, habit.number, _PAYEE, _PAYEE_NPI, trace, "CHK" if habit.days > 35 else "ACH"),
            *(self._days.dates[day], 0, 0, 0, 0, 0, False, identity, self._days.text(payday.file.moment)),
        )

    def _outside_claims(self, remittance: Remittance, paid: int) -> ProviderAdjustment | None:
        """Now and then a payer takes something back or adds interest outside any claim."""
        chance = self._rng.random()
        if chance > 0.04 or paid < 50_000:
            return None
        reason, amount = ("WO", int(paid * chance)) if chance < 0.02 else ("L6", -int(paid * chance / 10))
        return ProviderAdjustment(
            remittance=remittance,
            place=1,
            provider=_PAYEE_NPI,
            reason=reason,
            reference=remittance.trace_number,
            amount=dollars(amount),
        )
