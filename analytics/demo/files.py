"""The files that the demo's claims and payments came in: one of claims a day, one of remittances a payday."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from django.db import connection, models

from accounts.models import User
from claims import bulk
from claims.imports.recognise import FileKind
from claims.models import Import, ProviderAdjustment, Remittance
from claims.money import cents

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
        self._senders = list(User.objects.filter(role="biller").order_by("pk").values_list("pk", flat=True))
        self.of_claims = {day: self._file(day, _AT_CLAIMS, "837") for day in range(days.first, days.last + 1)}
        paydays = [
            (number, day)
            for day in range(days.first, days.last + 1)
            for number, payer in enumerate(PAYERS)
            if days.weekdays[day] in payer.weekdays
        ]
        self._of_remittances = {
            day: self._file(day, _AT_REMITTANCES, "835") for day in sorted({day for _, day in paydays})
        }
        first = reserve(Remittance, len(paydays))
        self.paydays = {
            (payer, day): Payday(first + number, self._of_remittances[day], payer)
            for number, (payer, day) in enumerate(paydays)
        }

    def _file(self, day: int, second: int, what: str) -> File:
        moment = self._days.moment(day, second + self._rng.randrange(1800))
        return File(id_at(moment, self._rng), day, f"{self._days.dates[day]}.{what}", moment)

    def open(self) -> None:
        Import.objects.bulk_create([self._row(each) for each in self._all()], batch_size=_AT_ONCE)
        bulk.insert(
            Remittance, _REMITTANCE_COLUMNS, [self._remittance(each) for each in self.paydays.values()]
        )

    def close(self) -> None:
        """Write down what each file and remittance holds now, and leave out those that hold nothing."""
        paydays = list(self.paydays.values())
        _delete(Remittance, [each.id for each in paydays if not each.claims])
        adjustments, sums = [], []
        for each in paydays:
            if each.claims:
                made = self._outside_claims(each)
                adjustments += [made] if made else []
                taken = cents(made.amount) if made else 0
                sums.append((each.paid, taken, each.paid - taken, each.id))
        _update(Remittance, ("claims_paid", "provider_adjusted", "amount"), sums)
        ProviderAdjustment.objects.bulk_create(adjustments, batch_size=_AT_ONCE)
        held = [file for file in self._all() if file.claims or file.payments]
        _delete(Import, [file.id for file in self._all() if not (file.claims or file.payments)])
        _update(Import, tuple(_sums(held[0])), [(*_sums(file).values(), file.id) for file in held])

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
            sent_by_id=self._senders[file.day % len(self._senders)],
            sent_at=sent_at,
            read_as_of=self._days.dates[file.day],
            state=Import.State.DONE,
            found_kinds=FileKind.X12,
            files_done=1,
            started_at=sent_at,
            finished_at=sent_at,
        )

    def _trace(self, payday: Payday) -> str:
        return f"{PAYERS[payday.payer].number}{self._days.dates[payday.file.day]:%y%m%d}"

    def _remittance(self, payday: Payday) -> tuple[object, ...]:
        habit, day = PAYERS[payday.payer], payday.file.day
        trace = self._trace(payday)
        identity = hashlib.sha256(f"demo {trace}".encode()).hexdigest()
        return (
            *(payday.id, payday.file.id, 1 + payday.payer, self._payers[payday.payer]),
            *(habit.name, habit.number, _PAYEE, _PAYEE_NPI, trace, "CHK" if habit.days > 35 else "ACH"),
            *(self._days.dates[day], 0, 0, 0, 0, 0, False, identity, self._days.text(payday.file.moment)),
        )

    def _outside_claims(self, payday: Payday) -> ProviderAdjustment | None:
        """Now and then a payer takes something back or adds interest outside any claim."""
        chance = self._rng.random()
        if chance > 0.04 or payday.paid < 50_000:
            return None
        reason, share = ("WO", chance) if chance < 0.02 else ("L6", -chance / 10)
        return ProviderAdjustment(
            remittance_id=payday.id,
            place=1,
            provider=_PAYEE_NPI,
            reason=reason,
            reference=self._trace(payday),
            amount=Decimal(int(payday.paid * share)).scaleb(-2),
        )


def _sums(file: File) -> dict[str, int | float]:
    records = file.claims + file.payments
    size = 640 + 520 * file.claims + 95 * file.lines + 410 * file.payments
    return {
        "claims_stored": file.claims,
        "lines_stored": file.lines,
        "payments_stored": file.payments,
        "records_done": records,
        "chunks_done": 1 + records // 2000,
        "size": size,
        "bytes_done": size,
        "seconds": round(0.02 + records * 0.0003, 3),
    }


def _update(model: type[models.Model], columns: Sequence[str], rows: Sequence[Any]) -> None:
    """Each row ends with its id."""
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(column)} = %s" for column in columns)
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {assignments} WHERE id = %s", rows)  # noqa: S608 - our names


def _delete(model: type[models.Model], ids: Sequence[int | str]) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(f"DELETE FROM {table} WHERE id = %s", [(each,) for each in ids])  # noqa: S608
