"""Say what is in files that somebody sent; store nothing, and show nothing of a patient."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from claims.imports.recognise import READERS, FileKind, recognise
from claims.imports.records import (
    AcknowledgementRecord,
    ActivityRecord,
    ClaimPaymentRecord,
    ClaimRecord,
    Problem,
    Record,
    RemittanceClosing,
    RemittanceRecord,
    Severity,
    Unreadable,
)
from claims.imports.rules import Grouping, Rules
from claims.imports.unpack import unpack

_MOST_REASONS = 1_000
_PLACES_SHOWN = 5


class Command(BaseCommand):
    help = "Says what is in files that somebody sent and stores nothing; fails if anything is refused."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--kind", type=FileKind, choices=list(FileKind), help="instead of telling by content"
        )
        parser.add_argument(
            "--grouping",
            type=Grouping,
            choices=list(Grouping),
            default=Grouping.FILE,
            help="what claim lines without claim numbers are: one claim a file (default) or a row",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        zone = timezone.get_default_timezone()
        rules = Rules(timezone.localdate(timezone=zone), zone=zone, grouping=options["grouping"])
        refused = 0
        for path in options["files"]:
            try:
                with path.open("rb") as file:
                    refused += self._inspect(file, path.name, rules, options["kind"])
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}") from None
        if refused:
            raise CommandError(f"{refused:,} refused.")

    def _inspect(self, file: BinaryIO, name: str, rules: Rules, kind: FileKind | None) -> int:
        """How much is refused of a file and of what is packed in it."""
        refused = 0
        try:
            for inner, content in unpack(file, name, rules.limits):
                summary = Summary()
                self.stdout.write(f"{inner}")
                summary.read(content, rules, kind)
                self.stdout.writelines(f"  {line}\n" for line in summary.lines())
                refused += summary.refused
        except Unreadable as unreadable:
            self.stdout.write(f"{name}: {unreadable.reason}")
            refused += 1
        return refused


@dataclass
class Reason:
    count: int = 0
    places: list[int] = field(default_factory=list)


class Summary:
    """Counts and totals of one file, in bounded memory."""

    def __init__(self) -> None:
        self.kind: FileKind | None = None
        self.refused = 0
        self._counts: Counter[str] = Counter()
        self._amounts: Counter[str] = Counter()
        self._reasons: dict[tuple[Severity, str, str], Reason] = {}

    def read(self, file: BinaryIO, rules: Rules, kind: FileKind | None) -> None:
        try:
            self.kind = kind or recognise(file, rules.limits)
            for record in READERS[self.kind](file, rules):
                self._take(record)
        except Unreadable as unreadable:
            self.refused += 1
            self._note(Problem(unreadable.place, "", unreadable.reason))

    def lines(self) -> list[str]:
        lines = [f"kind: {self.kind or 'unknown'}", f"refused: {self.refused:,}"]
        lines += [f"{name}: {count:,}" for name, count in self._counts.items()]
        lines += [f"{name}: {_dollars(cents)}" for name, cents in self._amounts.items()]
        for (severity, name, reason), seen in self._reasons.items():
            places = ", ".join(map(str, seen.places)) + (" …" if seen.count > len(seen.places) else "")
            lines.append(f"{severity} ×{seen.count:,}: {name} {reason} (at {places})".replace(":  ", ": "))
        return lines

    def _take(self, record: Record) -> None:
        if isinstance(record, Problem):
            self._note(record)
            self.refused += record.severity == Severity.ERROR
            return
        for problem in record.problems:
            self._note(problem)
        self.refused += any(problem.severity == Severity.ERROR for problem in record.problems)
        _TAKERS[type(record)](self, record)

    def _take_claim(self, claim: ClaimRecord) -> None:
        self._counts["claims"] += 1
        self._counts["lines"] += len(claim.lines)
        if claim.is_refused:
            return
        self._amounts["charged"] += claim.charge or 0
        if claim.expected is not None:
            self._amounts["expected"] += claim.expected
        if claim.paid is not None:
            self._amounts["paid"] += claim.paid
        fees = [line.net_fee for line in claim.lines if line.net_fee is not None]
        if fees:
            self._amounts["net fee"] += sum(fees)

    def _take_remittance(self, _remittance: RemittanceRecord) -> None:
        self._counts["remittances"] += 1

    def _take_payment(self, payment: ClaimPaymentRecord) -> None:
        self._counts["claim payments"] += 1
        self._counts["lines"] += len(payment.services)
        self._amounts["charged"] += payment.charge
        self._amounts["paid"] += payment.paid
        self._prove("claim", payment.imbalance)
        for service in payment.services:
            self._prove("line", service.imbalance)

    def _take_closing(self, closing: RemittanceClosing) -> None:
        self._amounts["remitted"] += closing.amount
        self._amounts["provider adjustments"] += sum(each.amount for each in closing.provider_adjustments)
        self._prove("remittance", closing.imbalance)

    def _take_acknowledgement(self, acknowledgement: AcknowledgementRecord) -> None:
        self._counts[
            "acknowledged as accepted" if acknowledgement.accepted else "acknowledged as rejected"
        ] += 1

    def _take_activity(self, activity: ActivityRecord) -> None:
        self._counts["actions"] += 1
        self._counts["errors among them"] += activity.is_error

    def _prove(self, what: str, imbalance: int) -> None:
        """The reader itself tells where a balance fails and by how much."""
        self._counts[f"{what} balances proved"] += imbalance == 0
        self._counts[f"{what} balances failed"] += imbalance != 0

    def _note(self, problem: Problem) -> None:
        key = (problem.severity, problem.field, problem.reason)
        if key not in self._reasons and len(self._reasons) >= _MOST_REASONS:
            key = (problem.severity, "", "more of other kinds")
        reason = self._reasons.setdefault(key, Reason())
        reason.count += 1
        if len(reason.places) < _PLACES_SHOWN:
            reason.places.append(problem.place)


_TAKERS: dict[type, Any] = {
    ClaimRecord: Summary._take_claim,
    RemittanceRecord: Summary._take_remittance,
    ClaimPaymentRecord: Summary._take_payment,
    RemittanceClosing: Summary._take_closing,
    AcknowledgementRecord: Summary._take_acknowledgement,
    ActivityRecord: Summary._take_activity,
}


def _dollars(cents: int) -> str:
    return f"{Decimal(cents) / 100:,.2f}"
