"""What everybody who turns records into rows is told, and what they answer, record by record."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date

from accounts.models import Department, User

from .imports.records import Problem, Record, Severity
from .models import Import


@dataclass(frozen=True)
class Intake:
    """Who sends something in, out of which file, and for whom."""

    actor: User | None
    today: date
    source: Import | None = None  # none for a request to the API
    file: str = ""  # its name within an archive
    sender: str = ""  # whose control numbers these are, where the file does not say it
    department: Department | None = None  # of claims that name none


@dataclass
class Taken:
    """What came of one record: stored, here already, or refused."""

    record: Record
    claim_id: uuid.UUID | None = None
    number: int | None = None
    first_claim_id: uuid.UUID | None = None  # the claim of which this is a duplicate
    is_repeated: bool = False  # a payment or action that is here already: nothing was stored
    problems: list[Problem] = field(default_factory=list)  # found while it was stored

    @property
    def is_refused(self) -> bool:
        return any(problem.severity == Severity.ERROR for problem in self.problems)
