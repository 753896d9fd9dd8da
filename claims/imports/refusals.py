"""What was refused of a file, as rows to mend and send again."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from claims.models import Import, ImportProblem

from .activity_csv import COLUMNS as ACTIVITY_COLUMNS
from .blocks import Blocks
from .claim_lines import COLUMNS as LINE_COLUMNS
from .claims_csv import COLUMNS as CLAIM_COLUMNS
from .recognise import READERS, FileKind, recognise
from .records import ActivityRecord, ClaimRecord, Kind, Record, Unreadable
from .rules import Grouping, Rules
from .tabular import Column, header_of
from .unpack import unpack

Error = ImportProblem.Severity.ERROR
TABLES: dict[FileKind, tuple[Column, ...]] = {
    FileKind.CLAIM_LINES: LINE_COLUMNS,
    FileKind.CLAIMS: CLAIM_COLUMNS,
    FileKind.ACTIVITY: ACTIVITY_COLUMNS,
}
OTHER_HEADER = ["file", "place", "field", "what is wrong"]


def rules_of(source: Import, *, keep_rows: bool = False) -> Rules:
    """By which a file is read: the same each time, however often and whenever it is."""
    return Rules(
        source.read_as_of,
        zone=timezone.get_default_timezone(),
        kind=Kind(source.claim_kind or Kind.DENTAL),
        grouping=Grouping(source.grouping or Grouping.FILE),
        keep_rows=keep_rows,
    )


def has_rows(source: Import) -> bool:
    """Whether what was refused can be mended as rows and sent again: JSON and X12 have none."""
    kinds = (source.kind or source.found_kinds).replace(",", " ").split()
    return any(kind in kinds for kind in TABLES)


def refused_rows(source: Import) -> Iterator[list[str]]:
    """Header first, then the rows as sent; of JSON and X12, which have no rows, what is wrong where.

    An archive's files have headers of their own: a header stands again where it changes.
    """
    rules = rules_of(source, keep_rows=True)
    shown: list[str] = []
    try:
        with Blocks.open(source) as file:
            for name, content in unpack(file, source.name, rules.limits):
                kind = FileKind(source.kind) if source.kind else recognise(content, rules.limits)
                header = OTHER_HEADER
                if kind in TABLES:
                    header = header_of(content, TABLES[kind], rules.limits)
                    content.seek(0)
                rows = _rows if kind in TABLES else _problems
                for row in rows(source, name, READERS[kind](content, rules)):
                    if header != shown:
                        yield header
                        shown = header
                    yield row
    except Unreadable:
        return  # told on the import itself; what stands before it was yielded


def _rows(source: Import, name: str, records: Iterator[Record]) -> Iterator[list[str]]:
    refused = _refused_ordinals(source, name)
    for ordinal, record in enumerate(records, start=1):
        if isinstance(record, ClaimRecord | ActivityRecord) and (
            ordinal in refused or any(each.severity == "error" for each in record.problems)
        ):
            yield from (row for _, row in record.source)


def _refused_ordinals(source: Import, name: str) -> frozenset[int]:
    """Those that reading had nothing against, but storing had."""
    problems = ImportProblem.objects.filter(source=source, file=name[:200], severity=Error, record__gt=0)
    return frozenset(problems.values_list("record", flat=True))


def _problems(source: Import, name: str, _records: Iterator[Record]) -> Iterator[list[str]]:
    found = ImportProblem.objects.filter(source=source, file=name[:200], severity=Error)
    for problem in found.iterator():
        yield [name, str(problem.place), problem.field, problem.reason]
