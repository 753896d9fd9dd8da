"""The lives of made-up claims: sent, answered or not, denied, worked on, appealed, corrected, given up."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Generator
from functools import cached_property
from itertools import accumulate
from random import Random
from typing import Any

from claims.fields import encrypt
from claims.models import Claim, ClaimLine

from .answers import Answers, denied_line, paid_line, paid_twice, taken_back
from .bills import Answered, Bill, Line, make_line
from .care import WARDS, Service
from .cast import Cast, Pick, WardCast, Worker
from .days import Days
from .files import Files
from .ids import id_at, reserve
from .payers import INCIDENT, PAYERS, REASONS, Habit
from .rows import Rows
from .truth import Truth
from .writing import Batch

Status, Category = Claim.Status, Claim.Category
_SUBMITTED = Status.SUBMITTED.value
_ACCEPTED_THERE, _REJECTED_THERE = Claim.AtIntake.ACCEPTED.value, Claim.AtIntake.REJECTED.value

_MOST_LINES = 4
_WORKDAY = 8 * 3600, 17 * 3600
# What is done about a denial, by its category: appealed, billed again, written off, voided; else it waits.
_WAYS: dict[str, tuple[float, float, float, float]] = {
    Category.TIMELY_FILING: (0.12, 0.0, 0.74, 0.0),
    Category.DUPLICATE: (0.05, 0.05, 0.3, 0.45),
    Category.CODING: (0.16, 0.56, 0.13, 0.01),
    Category.DOCUMENTATION: (0.2, 0.52, 0.12, 0.0),
    Category.ELIGIBILITY: (0.14, 0.38, 0.26, 0.02),
    Category.COORDINATION: (0.08, 0.6, 0.14, 0.0),
    Category.AUTHORISATION: (0.56, 0.06, 0.22, 0.0),
    Category.MEDICAL_NECESSITY: (0.62, 0.05, 0.18, 0.0),
    Category.OTHER: (0.3, 0.2, 0.26, 0.0),
}
_REBILLED_ONCE = (0.4, 0.0, 0.4, 0.0)
_UNAUTHORISED, _FILED_LATE, _REJECTED, _MISTAKEN = 0.05, 0.008, 0.024, 0.004
_GIVEN_AT_ONCE = 0.35  # of new denials; the others wait for whoever takes the next one
_NOTES = (
    "Called the payer: the claim is in process, no date given.",
    "Payer asks for the medical records; sent by fax.",
    "Corrected and ready to go out again.",
    "Spoke with the payer's provider line, reference number noted.",
    "Nothing left to do within the appeal limit.",
    "Appeal letter and records sent.",
)


class Lives:
    """Tells as many claims' lives as are asked for, in the order in which they are submitted."""

    def __init__(
        self, days: Days, cast: Cast, files: Files, truth: Truth, rng: Random, numbers: list[int]
    ) -> None:
        self._days, self._cast, self._files, self._truth, self._rng = days, cast, files, truth, rng
        self._numbers = numbers
        self._answers = Answers(days, files, rng, len(numbers))
        self._line = reserve(ClaimLine, len(numbers) * _MOST_LINES)
        self._rows = Rows(days, cast.payers, rng)
        self._rebills: dict[int, list[tuple[int, Bill]]] = defaultdict(list)
        self._waiting = self._told = 0
        self._next_payday = [days.next_of(payer.weekdays) for payer in PAYERS]
        self._wards: Pick = (cast.wards, list(accumulate(each.ward.share for each in cast.wards)))
        self._services: dict[str, Pick] = {
            ward.name: (list(ward.services), list(accumulate(each.weight for each in ward.services)))
            for ward in WARDS
        }
        self._mixes: list[Pick] = [
            (list(payer.mix), list(accumulate(payer.mix.values()))) for payer in PAYERS
        ]

    @cached_property
    def _sealed_notes(self) -> list[str]:
        return [encrypt(note) for note in _NOTES]

    def batches(self, size: int) -> Generator[tuple[Batch, Files]]:
        """Each with what the files hold by then."""
        for day, quota in self._days.quotas(len(self._numbers)).items():
            for moment, original in self._rebills.pop(day, ()):
                self._waiting -= 1
                self._live(self._again(original, day, moment))
            while self._told < quota and self._told + self._waiting < len(self._numbers):
                self._live(self._new(day))
                if len(self._answers.batch.claims) >= size:
                    yield self._batch_done()
        yield self._batch_done()

    def _batch_done(self) -> tuple[Batch, Files]:
        batch, self._answers.batch = self._answers.batch, Batch()
        return batch, self._files

    # How a claim comes about -------------------------------------------------------------------------

    def _new(self, day: int) -> Bill:
        rng = self._rng
        ward: WardCast = self._one(self._wards)
        people = self._cast.children if ward.ward.name == "Paediatrics" else self._cast.adults
        patient = people[int(rng.random() * len(people))]
        payer = patient.dental_payer if ward.is_dental else patient.payer
        number = self._numbers[self._told]
        moment = self._days.moment(day, rng.randrange(*_WORKDAY))
        bill = Bill(
            id=id_at(moment, rng),
            number=number,
            control_number=f"RV{number:08d}",
            ward=ward,
            payer=payer,
            habit=PAYERS[payer],
            doctor=self._one(ward.doctors),
            patient=patient,
            kind=ward.ward.kind,
            day=day,
            moment=moment,
            service_day=day - self._lag(ward, PAYERS[payer]),
            is_authorised=rng.random() >= _UNAUTHORISED,
            file=self._files.of_claims[day],
            agent=self._one(ward.agents),
        )
        self._bill_lines(bill)
        return bill

    def _lag(self, ward: WardCast, habit: Habit) -> int:
        chance = self._rng.random()
        if chance < _FILED_LATE:
            return habit.filing_days + 1 + int(chance / _FILED_LATE * 40)
        return 1 + int(self._rng.expovariate(1 / ward.ward.lag)) % 45

    def _bill_lines(self, bill: Bill) -> None:
        rng, ward, is_dental = self._rng, bill.ward.ward, bill.ward.is_dental
        services = self._services[ward.name]
        chosen: list[Service] = [self._one(services)]
        while len(chosen) < _MOST_LINES and rng.random() < ward.more_lines:
            further = self._one(services)
            if not further.needs_authorisation and further not in chosen:
                chosen.append(further)
        month = self._days.dates[bill.day].month
        for place, service in enumerate(chosen):
            first = place == 0
            line = make_line(
                self._line_id(), service, bill.habit, month, rng, is_first=first, is_dental=is_dental
            )
            bill.lines.append(line)

    def _again(self, original: Bill, day: int, moment: int) -> Bill:
        """The same services, corrected; by now what was missing is there."""
        lines = [
            Line(self._line_id(), *(getattr(line, name) for name in Line.__slots__[1:]))
            for line in original.lines
        ]
        return Bill(
            id=id_at(moment, self._rng),
            number=self._numbers[self._told],
            control_number=original.control_number,
            ward=original.ward,
            payer=original.payer,
            habit=original.habit,
            doctor=original.doctor,
            patient=original.patient,
            kind=original.kind,
            day=day,
            moment=moment,
            service_day=original.service_day,
            is_authorised=True,
            file=self._files.of_claims[day],
            agent=original.agent,
            lines=lines,
            rebill_of=original,
        )

    def _line_id(self) -> int:
        pk, self._line = self._line, self._line + 1
        return pk

    # What happens to it ------------------------------------------------------------------------------

    def _live(self, bill: Bill) -> None:
        self._told += 1
        bill.file.claims += 1
        bill.file.lines += len(bill.lines)
        bill.place = bill.file.claims
        bill.stand()
        source = bill.file.id, bill.place
        bill.note(bill.moment, "received", after=_SUBMITTED, source=source)
        bill.tell("accepted", bill.moment)
        held_up = self._take_in(bill)
        if not self._was_mistaken(bill):
            self._await_answer(bill, bill.day + held_up + self._patience(bill))
        self._rows.keep(bill, self._answers.batch)

    def _take_in(self, bill: Bill) -> int:
        """Coded, sent, and answered by the payer's intake; the days that a rejection costs."""
        rng = self._rng
        if rng.random() < 0.35:
            self._act(
                bill, bill.day, "checked before sending", self._one(bill.ward.coders), after=bill.moment
            )
        if bill.day + 1 > self._days.last or rng.random() < 0.04:
            return 0
        is_rejected = not bill.rebill_of and rng.random() < _REJECTED * bill.doctor.sloppiness
        bill.at_intake = _REJECTED_THERE if is_rejected else _ACCEPTED_THERE
        words = "rejected at intake (A7:500)" if is_rejected else "accepted at intake (A2:20)"
        answered = self._days.moment(bill.day + 1, 5 * 3600)
        bill.note(answered, words, before=_SUBMITTED, after=_SUBMITTED)
        if not is_rejected:
            return 0
        corrected = bill.day + 1 + int(rng.random() * 5)
        biller = self._one(bill.ward.billers)
        self._act(
            bill, corrected, "corrected and sent again", biller, after=self._days.moment(bill.day + 1, 0)
        )
        return corrected - bill.day

    def _was_mistaken(self, bill: Bill) -> bool:
        """Now and then a biller takes a claim back that should never have gone out."""
        day = bill.day + 1 + int(self._rng.random() * 3)
        if bill.rebill_of or self._rng.random() >= _MISTAKEN or day > self._days.last:
            return False
        self._void(bill, self._working_moment(day), self._one(bill.ward.billers))
        return True

    def _patience(self, bill: Bill) -> int:
        """Days that the payer takes; some claims lie about much longer than others."""
        habit, rng = bill.habit, self._rng
        slowed = habit.slows * min(1.0, max(0.0, (bill.day - self._days.last + 150) / 90))
        usual = habit.days + slowed
        days = max(4, int(rng.gauss(usual, usual * 0.27)))
        if rng.random() < 0.03:
            days += 30 + int(rng.random() ** 2 * 150)
        return days

    def _await_answer(self, bill: Bill, earliest: int) -> None:
        day = self._payday(bill, earliest)
        self._follow_up(bill, min(day, self._days.last + 1))
        if day <= self._days.last:
            self._answer(bill, day)

    def _payday(self, bill: Bill, earliest: int) -> int:
        """The payer's next day of payment; after the last day if it does not come."""
        paydays = self._next_payday[bill.payer]
        return paydays[earliest] if earliest <= self._days.last else self._days.last + 1

    def _follow_up(self, bill: Bill, until: int) -> None:
        """People ask after what takes long."""
        rng, agent = self._rng, bill.agent
        for after in (32, 55, 85, 120):
            day = bill.day + after
            if day + 4 >= until:
                return
            if rng.random() < 0.55:
                bill.assignee = agent.id
                moment = self._act(bill, day + int(rng.random() * 3), "called payer", agent, note=0)
                if moment and bill.standing.status == _SUBMITTED and rng.random() < 0.5:
                    bill.change(moment + 60, Status.PENDING.value, "status: pending", agent)

    def _answer(self, bill: Bill, day: int) -> None:
        main = bill.lines[0].service
        is_late = bill.day - bill.service_day > bill.habit.filing_days and not bill.rebill_of
        chance = self._truth.probability(
            bill.habit,
            main,
            bill.doctor.npi,
            day,
            is_authorised=bill.is_authorised,
            is_rebill=bill.rebill_of is not None,
        )
        if is_late or self._rng.random() < chance:
            category, reason = self._why(bill, main, day, is_late=is_late)
            self._answers.post(bill, day, "4", [denied_line(line, reason) for line in bill.lines])
            self._work_denial(bill, day, category)
        else:
            self._pay(bill, day)

    def _why(self, bill: Bill, main: Service, day: int, *, is_late: bool) -> tuple[str, tuple[str, str, str]]:
        if is_late:
            category = Category.TIMELY_FILING.value
        elif self._truth.is_incident(bill.habit, main.procedure, day):
            return INCIDENT.category, INCIDENT.reason
        elif main.needs_authorisation and not bill.is_authorised:
            category = Category.AUTHORISATION.value
        else:
            category = self._one(self._mixes[bill.payer])
        reasons = REASONS[category]
        return category, reasons[int(self._rng.random() * len(reasons))]

    # Paid ----------------------------------------------------------------------------------------------

    def _pay(self, bill: Bill, day: int) -> None:
        rng, habit = self._rng, bill.habit
        falls_short = 0.06 + rng.random() * 0.14 if rng.random() < habit.underpays else 0.0
        answered = [
            paid_line(
                line,
                habit,
                falls_short=max(falls_short, self._truth.falls_short(habit, line.service.procedure, day)),
            )
            for line in bill.lines
        ]
        if len(answered) > 1 and rng.random() < 0.05:
            answered[-1] = denied_line(bill.lines[-1], REASONS[Category.CODING][0])
        self._answers.post(bill, day, "1", answered)
        chance = rng.random()
        if chance < 0.004:
            later = self._payday(bill, day + 10 + int(chance * 5000))
            if later <= self._days.last:
                self._answers.post(bill, later, "1", [paid_twice(each) for each in answered])
        elif chance < 0.009:
            self._take_back(bill, day, answered)

    def _take_back(self, bill: Bill, day: int, answered: list[Answered]) -> None:
        """The payer looks again, takes its payment back, and mostly pays again after a while."""
        taken = self._payday(bill, day + 20 + int(self._rng.random() * 50))
        if taken > self._days.last:
            return
        self._answers.post(bill, taken, "22", [taken_back(each) for each in answered])
        again = self._payday(bill, taken + 14 + int(self._rng.random() * 30))
        self._act(bill, taken + 3, "called payer", bill.agent, note=3)
        if again <= self._days.last:
            self._answers.post(bill, again, "1", [paid_line(line, bill.habit) for line in bill.lines])

    # Denied --------------------------------------------------------------------------------------------

    def _work_denial(self, bill: Bill, day: int, category: str) -> None:
        rng, agent = self._rng, bill.agent
        worked = day + 1 + int(rng.expovariate(1 / agent.delay)) % 75
        if worked > self._days.last:
            bill.assignee = agent.id if rng.random() < _GIVEN_AT_ONCE else None
            return
        bill.assignee = agent.id
        if rng.random() < 0.6:
            self._act(bill, worked, "checked the denial", agent, note=3)
        chance = rng.random()
        for way, share in zip(
            (self._appeal, self._rebill, self._write_off, self._take_out),
            _REBILLED_ONCE if bill.rebill_of else _WAYS[category],
            strict=True,
        ):
            if chance < share:
                way(bill, worked + 1)
                return
            chance -= share
        if self._days.last - worked > 90 and rng.random() < 0.75:
            self._write_off(bill, worked + 60 + int(rng.random() * 30))

    def _appeal(self, bill: Bill, day: int) -> None:
        if day > self._days.last:
            return
        rng, agent = self._rng, bill.agent
        filed = self._working_moment(day)
        bill.change(filed, Status.APPEALED.value, "status: appealed", agent, note=self._sealed_notes[5])
        decided = self._payday(bill, day + 18 + int(rng.random() * 45))
        if decided > self._days.last:
            return
        if rng.random() < bill.habit.overturns * agent.skill:
            self._answers.post(bill, decided, "1", [paid_line(line, bill.habit) for line in bill.lines])
            return
        bill.change(self._working_moment(decided), Status.DENIED.value, "status: denied", agent)
        bill.standing.decided_on = self._days.dates[decided]
        if rng.random() < 0.7:
            self._write_off(bill, decided + 3 + int(rng.random() * 20))

    def _rebill(self, bill: Bill, day: int) -> None:
        """A corrected claim replaces this one, if the number of claims asked for leaves room for it."""
        while day <= self._days.last and self._days.weekdays[day] > 4:
            day += 1
        if day > self._days.last or self._told + self._waiting >= len(self._numbers):
            return
        moment = self._working_moment(day)
        self._act(bill, day, "corrected for a new claim", bill.agent, note=2, before=moment)
        self._waiting += 1
        self._rebills[day].append((moment, bill))
        bill.change(moment, Status.VOID.value, "replaced by a rebill", None)
        bill.tell("voided", moment)

    def _write_off(self, bill: Bill, day: int) -> None:
        if day > self._days.last:
            return
        stands, note = bill.standing, self._sealed_notes[4]
        bill.change(
            self._working_moment(day), Status.WRITTEN_OFF.value, "status: written off", bill.agent, note=note
        )
        stands.written_off = stands.charge - stands.paid - stands.adjusted

    def _take_out(self, bill: Bill, day: int) -> None:
        if day <= self._days.last:
            self._void(bill, self._working_moment(day), bill.agent)

    def _void(self, bill: Bill, moment: int, by: Worker) -> None:
        bill.change(moment, Status.VOID.value, "status: void", by)
        bill.tell("voided", moment)

    # People --------------------------------------------------------------------------------------------

    def _act(
        self,
        bill: Bill,
        day: int,
        action: str,
        by: Worker,
        *,
        after: int = 0,
        before: int = 0,
        note: int | None = None,
    ) -> int:
        """Somebody does something that leaves the status alone; when, or 0 if the day has not come."""
        if day > self._days.last:
            return 0
        moment = self._working_moment(day)
        if after:
            moment = max(moment, after + 120)
        if before:
            moment = min(moment, before - 120)
        sealed = self._sealed_notes[note] if note is not None else ""
        bill.note(moment, action, by=by, note=sealed, is_error=self._rng.random() < by.errors)
        return moment

    def _working_moment(self, day: int) -> int:
        return self._days.moment(day, self._rng.randrange(*_WORKDAY))

    def _one(self, pick: Pick) -> Any:
        """One of these, by weight."""
        choices, sums = pick
        return choices[bisect(sums, self._rng.random() * sums[-1], 0, len(sums) - 1)]
