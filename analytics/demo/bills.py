"""A made-up claim while it is being lived: what it bills, how it stands, what happened to it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from claims.answers.decisions import Standing
from claims.models import Claim

from .care import QUADRANTS, Service
from .cast import Doctor, PatientCast, WardCast, Worker
from .files import File
from .payers import Habit

Share = tuple[str, int]  # the reason (CARC) why the patient bears it, and cents

# How likely a service falls under the deductible: in January nobody has met it.
_DEDUCTIBLE = (0.24, 0.2, 0.16, 0.13, 0.11, 0.09, 0.08, 0.07, 0.06, 0.05, 0.05, 0.04)
_MOST_DEDUCTIBLE = 60_000
_COPAYS = (2_000, 2_500, 3_000, 4_500)
_COPAY, _COINSURANCE, _NOTHING = 0.5, 0.84, ("", 0)

_SUBMITTED = Claim.Status.SUBMITTED.value
_NO_ID = UUID(int=0)  # a standing's id is for finding its row again, which a claim that is made up never does


@dataclass(slots=True)
class Line:
    id: int
    service: Service
    units: int
    charge: int
    allowed: int
    share: Share
    tooth: str = ""
    quadrant: str = ""


@dataclass(slots=True)
class Answered:
    """How a payer decides one line."""

    line: Line
    charge: int
    paid: int
    allowed: int | None
    reasons: list[tuple[str, str, int]]  # group, CARC, cents
    remark: str = ""


@dataclass(slots=True)
class Bill:
    id: str
    number: int
    control_number: str
    ward: WardCast
    payer: int  # of PAYERS
    habit: Habit
    doctor: Doctor
    patient: PatientCast
    kind: str
    day: int  # of submission
    moment: int
    service_day: int
    is_authorised: bool
    file: File
    agent: Worker
    place: int = 0
    lines: list[Line] = field(default_factory=list)
    rebill_of: Bill | None = None
    at_intake: str = ""
    assignee: int | None = None
    standing: Standing = field(init=False)
    answers: list[Answered] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    messages: list[tuple[str, int, int]] = field(default_factory=list)  # reason, net fee, moment

    @property
    def expected(self) -> int:
        return sum([line.allowed for line in self.lines])

    def stand(self) -> None:
        """How it stands as it comes in."""
        self.standing = Standing(
            _NO_ID,
            _SUBMITTED,
            sum([line.charge for line in self.lines]),
            0,
            0,
            0,
            0,
            None,
            "",
            None,
            None,
            "",
            None,
            "",
        )

    def note(
        self,
        moment: int,
        action: str,
        *,
        by: Worker | None = None,
        before: str = "",
        after: str = "",
        note: str = "",
        is_error: bool = False,
        source: tuple[str, int] | None = None,
    ) -> None:
        file, place = source or (None, 0)
        actor = by.id if by else None
        self.events.append((moment, actor, action, before, after, note, is_error, file, place))

    def change(self, moment: int, to: str, words: str, by: Worker | None, *, note: str = "") -> None:
        """A person gives it another status, as `claims.changes` does."""
        before, self.standing.status = self.standing.status, to
        self.note(moment, words, by=by, before=before, after=to, note=note)

    def tell(self, reason: str, moment: int) -> None:
        """Tell the payments side what it owes providers, where the claim says its net fee."""
        if self.ward.is_dental:
            fee = sum([net_fee(line) for line in self.lines])
            self.messages.append((reason, fee if reason == "accepted" else -fee, moment))


def net_fee(line: Line) -> int:
    return line.charge + line.share[1] - line.allowed


def make_line(
    pk: int, service: Service, habit: Habit, month: int, rng: Random, *, is_first: bool, is_dental: bool
) -> Line:
    chance = rng.random()
    units = 1 + int(chance * 3) if service.procedure.startswith("97") else 1
    charge = service.charge * units
    allowed = agreed(service, habit) * units
    share = _share(habit, month, allowed, rng, is_first=is_first, is_dental=is_dental)
    line = Line(pk, service, units, charge, allowed, share)
    if service.has_tooth:
        line.tooth = str(1 + int(chance * 32))
    elif service.has_quadrant:
        line.quadrant = QUADRANTS[int(chance * 4)]
    return line


def agreed(service: Service, habit: Habit) -> int:
    """What the payer's contract allows for one unit."""
    return int(service.charge * habit.allows)


def _share(habit: Habit, month: int, allowed: int, rng: Random, *, is_first: bool, is_dental: bool) -> Share:
    if not habit.asks_patients:
        return _NOTHING
    chance = rng.random()
    if chance < _DEDUCTIBLE[month - 1] and not is_dental:
        return "1", min(allowed, _MOST_DEDUCTIBLE)
    if chance < _COPAY:
        return ("3", min(allowed // 2, _COPAYS[int(chance * 40) % 4])) if is_first else _NOTHING
    return ("2", allowed // 5) if chance < _COINSURANCE else _NOTHING
