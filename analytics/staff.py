"""Who works what, and how well: effort beside outcome, errors ranked fairly, who has how much to do.

What counts is work on claims of the scope: of a person who works for two departments, a manager of one of
them sees that one's share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Min, QuerySet, Sum

from accounts.models import User
from claims.models import Claim
from claims.models.claims import OPEN
from claims.money import MoneyField

from .aging import BUCKET_LABELS
from .facts.measures import AGES, BUCKETS
from .facts.reading import Row
from .facts.totals import staff_totals
from .names import LABELS
from .periods import DAY, Period, Step
from .questions import Question
from .scopes import Scope

FEWEST = 20  # actions from which on a share of errors is ranked
FEWEST_PEOPLE = 5
Z = Decimal("1.959964")  # standard deviations around the mean that hold 95 in 100


def people_shown(user: User) -> QuerySet[User]:
    """Oneself; whoever leads sees the people of their departments."""
    team = User.objects.visible_to(user)
    return team if user.has_perm("accounts.view_team") else team.filter(pk=user.pk)


# Effort and outcome --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """What somebody did over a period, and what came of it."""

    days: int = 0  # on which they did anything
    claims: int = 0  # worked, each once a day
    actions: int = 0
    errors: int = 0
    resolved: int = 0  # claims paid, to the credit of whoever acted on them last before
    resolved_amount: Decimal = Decimal(0)

    @property
    def claims_a_day(self) -> Decimal | None:
        """Over the days actually worked."""
        return Decimal(self.claims) / self.days if self.days else None

    @property
    def amount_a_day(self) -> Decimal | None:
        return self.resolved_amount / self.days if self.days else None

    @property
    def touches_a_resolution(self) -> Decimal | None:
        """Actions for each claim that was paid: how much work stands behind a result."""
        return Decimal(self.actions) / self.resolved if self.resolved else None

    @property
    def amount_a_touch(self) -> Decimal | None:
        return self.resolved_amount / self.actions if self.actions else None

    @property
    def error_rate(self) -> Decimal | None:
        return Decimal(self.errors) / self.actions if self.actions else None

    def __add__(self, other: Work) -> Work:
        return Work(
            self.days + other.days,
            self.claims + other.claims,
            self.actions + other.actions,
            self.errors + other.errors,
            self.resolved + other.resolved,
            self.resolved_amount + other.resolved_amount,
        )


class Productivity(NamedTuple):
    person: User
    work: Work


def productivity(user: User, question: Question) -> list[Productivity]:
    """What each person whom this one may see did over the period, by name."""
    return of_people(user, work_by_person(question.scope, question.period))


def work_by_person(scope: Scope, period: Period) -> dict[int, Work]:
    """Of everybody; a day counts as worked once, in however many departments."""
    return {row.key[0]: _work(row) for row in staff_totals(scope, period)}


def work_by_week(scope: Scope, person: User, period: Period) -> list[tuple[date, Work]]:
    """Of one person: the first day of each week, those without work included."""
    weeks = {week.start: Work() for week in period.steps(Step.WEEK)}
    for row in staff_totals(scope.narrowed(staff=person.pk), period, by=("week",)):
        weeks[max(row.key[0], period.start)] = _work(row)
    return list(weeks.items())


def _work(row: Row) -> Work:
    sums = row.sums
    return Work(
        int(sums["days_worked"]),
        int(sums["claims"]),
        int(sums["actions"]),
        int(sums["errors"]),
        int(sums["resolved"]),
        Decimal(sums["resolved_amount"]),
    )


def of_people(user: User, work: Mapping[int, Work]) -> list[Productivity]:
    """Of the people whom this one may see; without any work only whoever sees nobody else."""
    people = people_shown(user).filter(pk__in={*work, user.pk}).order_by("name", "pk")
    leads = user.has_perm("accounts.view_team")
    found = [Productivity(person, work.get(person.pk, Work())) for person in people]
    return [each for each in found if each.work != Work() or not leads]


def together(work: Iterable[Work]) -> Work:
    return sum(work, Work())


@dataclass(frozen=True)
class Team:
    """Everybody who worked claims of the scope, as one: what a person can be held against."""

    people: int
    work: Work

    @property
    def tells_nobody_apart(self) -> bool:
        """Whether they are so many that their average says nothing about any one of them."""
        return self.people >= FEWEST_PEOPLE


def team_of(work: Mapping[int, Work]) -> Team:
    return Team(sum(1 for each in work.values() if each.actions), together(work.values()))


# Errors --------------------------------------------------------------------------------------------


class Interval(NamedTuple):
    low: Decimal
    high: Decimal


def interval(part: int, of: int) -> Interval | None:
    """Between which shares the true one lies, in 95 of 100 cases (Wilson): wide where there are few."""
    if not of:
        return None
    share, square = Decimal(part) / of, Z * Z
    middle = share + square / (2 * of)
    reach = Z * (share * (1 - share) / of + square / (4 * of * of)).sqrt()
    whole = 1 + square / of
    return Interval(max((middle - reach) / whole, Decimal(0)), min((middle + reach) / whole, Decimal(1)))


@dataclass(frozen=True)
class ErrorRate:
    person: User
    actions: int
    errors: int
    team: Decimal | None  # the share of all the people shown
    rank: int | None  # the fewest errors first; none below `FEWEST` actions

    @property
    def rate(self) -> Decimal | None:
        return Decimal(self.errors) / self.actions if self.actions else None

    @property
    def interval(self) -> Interval | None:
        return interval(self.errors, self.actions)

    @property
    def against_team(self) -> str:
        """Whether this is more than chance: "fewer", "more", or nothing where it may well be chance."""
        if self.rank is None or self.interval is None or self.team is None:
            return ""
        if self.interval.high < self.team:
            return "fewer"
        return "more" if self.interval.low > self.team else ""


def error_rates(user: User, question: Question) -> list[ErrorRate]:
    """The share of errors among the actions of each person whom this one may see."""
    return ranked(productivity(user, question))


def ranked(rows: Iterable[Productivity]) -> list[ErrorRate]:
    """Those who make the fewest errors first; equal shares share a place; too few actions have none."""
    acted = [each for each in rows if each.work.actions]
    team = together(each.work for each in acted).error_rate
    shares = sorted(each.work.error_rate or Decimal(0) for each in acted if each.work.actions >= FEWEST)
    found = [
        ErrorRate(
            person,
            work.actions,
            work.errors,
            team,
            shares.index(work.error_rate or Decimal(0)) + 1 if work.actions >= FEWEST else None,
        )
        for person, work in acted
    ]
    return sorted(found, key=lambda each: (each.rank is None, each.rank or 0, each.person.name))


# What there is to do -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Workload:
    """Claims that are submitted, pending, denied or appealed, now."""

    person: User | None  # none: claims that are nobody's
    claims: int
    dollars: Decimal
    oldest: date  # day of submission
    main_payer: str  # with most of the claims
    main_payer_claims: int


def workload(user: User, scope: Scope) -> list[Workload]:
    """By person whom this one may see, the most claims first; for whoever leads, what is nobody's as well."""
    people = {person.pk: person for person in people_shown(user)}
    leads = user.has_perm("accounts.view_team")
    parts: dict[int | None, list[_Part]] = defaultdict(list)
    for part in _parts(scope, None if leads else user):
        if part.assignee in people or part.assignee is None:
            parts[part.assignee].append(part)
    labels = LABELS["payer"]({part.payer for each in parts.values() for part in each})
    found = [_workload(people[key] if key else None, each, labels) for key, each in parts.items()]
    return sorted(found, key=lambda each: (-each.claims, each.person.name if each.person else ""))


def open_claims(scope: Scope) -> QuerySet[Claim]:
    """Asked so that an index of open claims alone can answer what is counted of them."""
    return Claim.objects.filter(scope.condition(), status__in=OPEN).order_by()


class _Part(NamedTuple):
    assignee: int | None
    payer: int | None
    claims: int
    dollars: Decimal
    oldest: date


def _parts(scope: Scope, only: User | None) -> Iterator[_Part]:
    """By person and payer, in one statement."""
    claims = open_claims(scope)
    if only:
        claims = claims.filter(assignee=only)
    parts = claims.values_list("assignee", "payer").annotate(
        count=Count("*"), dollars=Sum("balance", output_field=MoneyField()), oldest=Min("submitted_on")
    )
    return (_Part(*part) for part in parts)


def _workload(person: User | None, parts: Sequence[_Part], labels: Mapping[int | None, str]) -> Workload:
    main = min(parts, key=lambda part: (-part.claims, labels[part.payer]))
    return Workload(
        person,
        sum(part.claims for part in parts),
        sum((part.dollars for part in parts), Decimal(0)),
        min(part.oldest for part in parts),
        labels[main.payer],
        main.claims,
    )


class Age(NamedTuple):
    """Open claims by days since submission."""

    label: str
    oldest: date | None  # the first and the last day on which they were submitted
    newest: date
    claims: int
    dollars: Decimal


def open_by_age(scope: Scope, person: User) -> list[Age]:
    """One person's open claims, now, the newest first."""
    own = open_claims(scope).filter(assignee=person).values_list("submitted_on")
    days = list(own.annotate(count=Count("*"), dollars=Sum("balance", output_field=MoneyField())))
    return [_age(scope.today, place, days) for place in range(len(BUCKETS))]


def _age(today: date, place: int, days: Iterable[tuple[date, int, Decimal]]) -> Age:
    first, last = AGES[BUCKETS[place]]
    newest = today - first * DAY if place else date.max
    oldest = today - last * DAY if last is not None else None
    inside = [each for each in days if each[0] <= newest and (oldest is None or each[0] >= oldest)]
    dollars = sum((each[2] for each in inside), Decimal(0))
    return Age(BUCKET_LABELS[place], oldest, newest, sum(each[1] for each in inside), dollars)
