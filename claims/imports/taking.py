"""Hands records on to whoever turns them into rows, and writes down what was wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db import transaction

from claims.activity import store_actions
from claims.answers.acknowledgements import attach
from claims.answers.posting import post_payments
from claims.intake import Intake, Taken
from claims.models import Import, ImportProblem
from claims.storing import screen, store_claims

from .reading import Chunk
from .records import (
    AcknowledgementRecord,
    ActivityRecord,
    ClaimPaymentRecord,
    ClaimRecord,
    Problem,
    RemittanceClosing,
    RemittanceRecord,
    Severity,
)

MOST_ERRORS = 100_000  # rows kept of an import; the counters go on
MOST_NOTES = 1_000  # of its warnings, and of its duplicates
MOST_OF_A_RECORD = 100
LONGEST_FIELD, LONGEST_REASON, LONGEST_FILE = 120, 400, 200

Carry = dict[str, Any]


@dataclass(frozen=True)
class Taker:
    """Who takes a type of record."""

    store: Callable[[Sequence[Any], Intake, Carry], list[Taken]]
    check: Callable[[Sequence[Any], Intake], list[Taken]]
    wants_refused: bool = False  # what is wrong with a payment is kept beside it, for a person to look at


@dataclass
class Outcome:
    """What came of a chunk."""

    claims: int = 0
    lines: int = 0
    payments: int = 0
    others: int = 0
    duplicates: int = 0
    refused: int = 0
    warnings: int = 0
    problems: list[ImportProblem] = field(default_factory=list)


def store(chunk: Chunk, source: Import, intake: Intake, carry: Carry) -> Outcome:
    """Store what is good of a chunk, in the caller's transaction."""
    return _take(chunk, source, lambda taker, records: taker.store(records, intake, carry))


def check(chunk: Chunk, source: Import, intake: Intake) -> Outcome:
    """What would be refused, with nothing stored."""
    return _take(chunk, source, lambda taker, records: taker.check(records, intake))


def _take(chunk: Chunk, source: Import, hand_over: Callable[[Taker, Sequence[Any]], list[Taken]]) -> Outcome:
    outcome = Outcome()
    numbered: Iterable[tuple[int, Any]] = enumerate(chunk.items, start=chunk.first + 1)
    for taker, run in groupby(numbered, key=lambda item: TAKERS.get(type(item[1]))):
        items = list(run)
        if taker is None:
            for _, problem in items:
                _note(outcome, source, chunk.file, 0, [problem])
            continue
        wanted = [item for item in items if taker.wants_refused or not _is_refused(item[1].problems)]
        taken = hand_over(taker, [record for _, record in wanted]) if wanted else []
        answers = {ordinal: each for (ordinal, _), each in zip(wanted, taken, strict=True)}
        for ordinal, record in items:
            _count(outcome, source, chunk.file, ordinal, answers.get(ordinal) or Taken(record))
    return outcome


def _count(outcome: Outcome, source: Import, file: str, ordinal: int, taken: Taken) -> None:
    record: Any = taken.record
    problems = [*record.problems, *taken.problems]
    if problems and not _note(outcome, source, file, ordinal, problems):
        return
    if taken.first_claim_id:
        _note_duplicate(outcome, source, file, ordinal, taken)
    elif taken.is_repeated:
        outcome.duplicates += isinstance(record, ClaimPaymentRecord | ActivityRecord)
    elif isinstance(record, ClaimRecord):
        outcome.claims += 1
        outcome.lines += len(record.lines)
    elif isinstance(record, ClaimPaymentRecord):
        outcome.payments += 1
    elif isinstance(record, AcknowledgementRecord | ActivityRecord):
        outcome.others += 1


def _note(outcome: Outcome, source: Import, file: str, ordinal: int, problems: Sequence[Problem]) -> bool:
    """Keep problems as rows, as far as there is room; whether what they are about is taken all the same."""
    is_refused = _is_refused(problems)
    outcome.refused += is_refused
    for problem in problems[:MOST_OF_A_RECORD]:
        is_error = problem.severity == Severity.ERROR
        is_kept = (
            source.refused + len(outcome.problems) < MOST_ERRORS
            if is_error
            else source.warnings + outcome.warnings < MOST_NOTES
        )
        if is_kept:
            outcome.problems.append(_row(source, file, ordinal, problem))
        outcome.warnings += not is_error
    return not is_refused


def _row(source: Import, file: str, ordinal: int, problem: Problem) -> ImportProblem:
    return ImportProblem(
        source=source,
        file=file[:LONGEST_FILE],
        record=ordinal,
        place=problem.place,
        field=problem.field[:LONGEST_FIELD],
        reason=problem.reason[:LONGEST_REASON],
        severity=problem.severity.value,
    )


def _note_duplicate(outcome: Outcome, source: Import, file: str, ordinal: int, taken: Taken) -> None:
    record: Any = taken.record
    if source.duplicates + outcome.duplicates < MOST_NOTES:
        outcome.problems.append(
            ImportProblem(
                source=source,
                file=file[:LONGEST_FILE],
                record=ordinal,
                place=record.place,
                reason="is here already: the same sender's claim of the same number",
                severity=ImportProblem.Severity.DUPLICATE,
                first_claim_id=taken.first_claim_id,
            )
        )
    outcome.duplicates += 1


def _is_refused(problems: Iterable[Problem]) -> bool:
    return any(problem.severity == Severity.ERROR for problem in problems)


# Who takes what --------------------------------------------------------------------------------------


def _nothing_against(records: Sequence[Any], _intake: Intake) -> list[Taken]:
    return [Taken(record) for record in records]


def _tried(store: Callable[[Sequence[Any], Intake], list[Taken]]) -> Callable[..., list[Taken]]:
    """Store and take it all back: what would be refused is known then."""

    def attempt(records: Sequence[Any], intake: Intake) -> list[Taken]:
        with transaction.atomic():
            taken = store(records, intake)
            transaction.set_rollback(True)
        return taken

    return attempt


TAKERS: dict[type, Taker] = {
    ClaimRecord: Taker(lambda records, intake, _: store_claims(records, intake), screen),
    **dict.fromkeys(
        (RemittanceRecord, ClaimPaymentRecord, RemittanceClosing),
        Taker(post_payments, _nothing_against, wants_refused=True),
    ),
    AcknowledgementRecord: Taker(lambda records, intake, _: attach(records, intake), _tried(attach)),
    ActivityRecord: Taker(lambda records, intake, _: store_actions(records, intake), _tried(store_actions)),
}
