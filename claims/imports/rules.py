"""What every reader is told: which day it is, how lines make claims, and how much is too much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from enum import StrEnum

from .records import Kind


@dataclass(frozen=True, slots=True)
class Limits:
    """Past any of these a file is unreadable at once, however much of it is still to come.

    A CSV field of more than 131,072 characters is refused by Python's csv module itself.
    """

    columns: int = 200
    line_bytes: int = 1_000_000
    lines_of_a_claim: int = 10_000
    numbered_claims: int = 1_000_000  # of one file whose lines name their claim: some 100 bytes each
    scattered_lines: int = 50_000  # whose claim's lines stand apart, so that they wait in memory
    json_item: int = 5_000_000  # characters of one claim
    json_depth: int = 20
    archive_files: int = 1_000
    archive_directory_bytes: int = 1_000_000
    unpacked_bytes: int = 2_000_000_000
    unpacked_ratio: int = 100


class Grouping(StrEnum):
    """What a file of claim lines without claim numbers is."""

    FILE = "file"  # one claim
    ROW = "row"  # a claim for each row


@dataclass(frozen=True, slots=True)
class Rules:
    today: date
    zone: tzinfo = UTC  # of moments that do not say theirs
    kind: Kind = Kind.DENTAL  # of claim lines that do not say theirs: the form is the dentists'
    grouping: Grouping = Grouping.FILE
    limits: Limits = Limits()
    keep_rows: bool = False  # of good records too: what storing refuses is known to it alone
