"""The one statement that answers for measures: clean days from the facts, dirty ones from the claims.

Which days are dirty is learned from the statement itself (`marks`): it is asked again until it was right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache, reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import DateField, F, Q, QuerySet, Sum, Value

from claims.money import CENT
from rcm_site import prepared

from ..models import DirtyDay
from ..past.balances import standing_then
from ..past.standings import YOUNGEST, Standings, column
from ..periods import DAY, Period
from ..scopes import Scope
from .marks import SOME_NEW, Dirty, Marked, listed_days, marks_on, noted_on, seen
from .measures import AGES, BEGINNING, BUCKETS, Measure, days_of_age
from .parts import TIME_SQL, Sql, as_day, as_of_these, part_of, together
from .sources import Source
from .spans import during, joined, mostly_by_months, overlaps, without
from .tables import COLUMNS, KEYS, TABLES, FactTable

TIMES = ("day", "week", "month")
Amount = Decimal | int


@dataclass(frozen=True)
class Row:
    """What one payer, month … comes to: its key, in the order asked for, and the sums by measure."""

    key: tuple[Any, ...]
    sums: dict[str, Amount]


_OfDays = tuple[list[Measure], list[Period]]


class Reading:
    """A question, and how it is put to the database."""

    told_where = "1 = 1"  # which of the sums

    def __init__(
        self,
        scope: Scope,
        period: Period,
        measures: list[Measure],
        by: tuple[str, ...],
        *,
        from_facts: bool = True,
    ) -> None:
        self.scope, self.period, self.measures, self.by = scope, period, measures, by
        self.keys = [key for key in KEYS if key in by]
        self._amounts = amounts_of(measures)
        self.flows = [each for each in measures if not each.as_of]
        self.balances = [each for each in measures if each.as_of]
        self.is_past = period.end < scope.today
        self.table = self._table() if from_facts else None
        is_kept = from_facts and self.is_past and bool(self.balances)
        self.standings = Standings(scope, (period.end,), self._paths()) if is_kept else None
        self.with_new = self._may_meet_new and seen.some_new

    @property
    def _may_meet_new(self) -> bool:
        return self.table is not None and self.table.fact == DirtyDay.Fact.DAY

    def _paths(self) -> dict[str, str]:
        paths = paths_to("")
        return {key: paths[key] for key in self.keys}

    def _table(self) -> FactTable | None:
        """The facts that tell apart what is asked for, if there are any."""
        asked = {*self.keys, *self.scope.asked}
        if not self.scope.has_all_departments:
            asked.add("department")
        return next((each for each in TABLES if asked <= {*each.keys} and each.has(self.measures)), None)

    def rows(self) -> list[Row]:
        dirty = Dirty()
        while True:
            found, marked, some_new, seen = self._ask(dirty)
            corrected = self.standings.corrected(seen) if self.standings else None
            if not corrected and dirty.holds(marked) and self.with_new >= some_new:
                return found
            self.standings = corrected or self.standings
            self.with_new = self.with_new or some_new
            dirty = dirty.and_also(marked)

    def _ask(self, dirty: Dirty) -> tuple[list[Row], Marked, bool, tuple[Any, ...]]:
        statement, parameters = self._statement(dirty) if dirty else _written(self._question)
        # How much of the claims is to be read differs from time to time, and with it how best to.
        with connection.cursor() if self._reads_claims(dirty) else prepared.cursor() as cursor:
            cursor.execute(statement, parameters)
            answer = cursor.fetchall()
        marked = Marked(listed_days(answer[0][0]), listed_days(answer[0][1]))
        if self._may_meet_new:
            seen.some_new = bool(answer[0][2])
        rows = [self._row(each[6:]) for each in answer if self._is_row(each)]
        return rows, marked, bool(answer[0][2]), answer[0][3:6]

    def _reads_claims(self, dirty: Dirty) -> bool:
        past_days = self.standings is not None and not self.standings.are_all_kept
        return self.table is None or bool(dirty) or past_days

    @property
    def _question(self) -> _Question:
        names = tuple(each.key for each in self.measures)
        believed = self.standings and (self.standings.not_kept, self.standings.some_changed)
        told = (self.table and self.table.model, believed, self.with_new, self.told_where)
        return _Question((self.scope, self.period, names, self.by, *told), self)

    def _statement(self, dirty: Dirty) -> Sql:
        parts = self._parts(dirty)
        dimensions, values = self._dimensions()
        sums = ", ".join(f"{_over_parts(each)} AS {each.key}" for each in self.measures)
        columns = ", ".join([*(f"{each} AS by_{n}" for n, each in enumerate(dimensions)), sums])
        grouped = f"GROUP BY {', '.join(str(n + 1) for n in range(len(dimensions)))}" if dimensions else ""
        union, part_values = together(parts) if parts else (self._nothing(), ())
        marks, mark_values = self._marks()
        seen, seen_values = self.standings.seen() if self.standings else _NOTHING_KEPT
        statement = (
            f"SELECT marks.*, seen.*, sums.* FROM ({marks}) AS marks "  # noqa: S608 - names of our own
            f"CROSS JOIN ({seen}) AS seen LEFT JOIN ("
            f"SELECT {columns}, count(*) AS parts FROM ({union}) AS parts {grouped}) AS sums "
            f"ON {self.told_where}"
        )
        return statement, (*mark_values, *seen_values, *values, *part_values)

    def _is_row(self, answer: tuple[Any, ...]) -> bool:
        return not self.by or answer[-1] is not None

    def _row(self, answer: tuple[Any, ...]) -> Row:
        keys = answer[: len(self.by)]
        if {*TIMES} & {*self.by}:
            pairs = zip(self.by, keys, strict=True)
            keys = tuple(as_day(value) if each in TIMES else value for each, value in pairs)
        amounts = zip(self._amounts, answer[len(self.by) : -1], strict=True)
        return Row(keys, {key: amount(told) for (key, amount), told in amounts})

    # The parts of the statement ------------------------------------------------------------------

    def _parts(self, dirty: Dirty) -> list[Sql]:
        parts = self._past() if self.is_past and self.balances else []
        spans: dict[tuple[Period, bool], list[Measure]] = {}
        for each in self.flows if self.is_past else self.measures:
            is_apart = bool(dirty.of_lines) and each.is_of_lines
            spans.setdefault((each.span(self.period), is_apart), []).append(each)
        unmarked: list[_OfDays] = []
        for (span, is_apart), measures in spans.items():
            if self.table is None:
                parts += self.live(measures, [span])
                continue
            cut = overlaps(span, dirty.for_lines if is_apart else dirty.days)
            parts += self.live(measures, cut)
            unmarked.append((measures, without(span, cut)))
        return [*parts, *self._clean(unmarked), *(self._new(unmarked) if self.with_new else [])]

    def _new(self, unmarked: Sequence[_OfDays]) -> list[Sql]:
        """What claims that came in since bring to days that are not marked."""
        parts: list[Sql] = []
        noted: list[tuple[Source, list[Period]]] = []
        for measures, periods in unmarked:
            parts += self.live(measures, periods, of_new=True)
            noted += [(source, periods) for source in by_source(measures)]
        return as_of_these(noted_on(noted), parts) if parts else []

    def _past(self) -> list[Sql]:
        if self.standings is None:
            rows, sums = standing_then(self.scope, self.period, self.balances)
            columns = {f"sum_{key}": each for key, each in sums.items()}
            paths: dict[str, Any] = {"on_day": "submitted_on", **paths_to("")}
            return self._compiled(rows, paths, columns, self.balances)
        told = ", ".join(f"{column(each) if each.as_of else 0} AS {each.key}" for each in self.measures)
        keys = "".join(f"key_{key} AS {key}, " for key in self.keys)
        on_day, days = self._day_of_age() if self._tells_day else ("", [])
        return [
            (f"SELECT {keys}{on_day}{told} FROM ({sql}) AS standings", (*days, *values))  # noqa: S608
            for sql, values in self.standings.parts()
        ]

    def _day_of_age(self) -> tuple[str, list[date]]:
        """A day of submission for the sake of which a claim is of this age."""
        cases = "".join(f" WHEN {place} THEN %s" for place in YOUNGEST)
        days = [self.period.end - each * DAY for each in YOUNGEST.values()]
        return f"CASE age{cases} END AS on_day, ", days

    def _clean(self, unmarked: Sequence[_OfDays]) -> list[Sql]:
        """What facts say of these days.

        How things stand is asked of many ages, whose days lie within those of all: each table is read once.
        """
        found: dict[tuple[str, str, bool, date], list[_OfDays]] = {}
        for measures, periods in unmarked:
            for a_day, clean in self._of_one_age(periods):
                days, months, taken_back = self._by_months(clean)
                for table, sign, of in (
                    ("days", "", days),
                    ("months", "", months),
                    ("days", "-", taken_back),
                ):
                    if of:
                        alike = table, sign, measures[0].as_of, a_day
                        found.setdefault(alike, []).append((measures, of))
        return [
            part
            for (table, sign, _, a_day), of_days in found.items()
            for part in self._kept(table, of_days, a_day, sign)
        ]

    def _kept(self, table: str, asked: list[_OfDays], a_day: date, sign: str) -> list[Sql]:
        """What facts say of these days, told as of one of them where it does not matter of which."""
        assert self.table is not None  # noqa: S101 - asked only for a table that there is
        model = self.table.model if table == "days" else self.table.months_for(self.scope, self.keys)
        assert model is not None  # noqa: S101 - and of months where it keeps them
        whole = joined(each for _, periods in asked for each in periods)
        rows: QuerySet[Any] = model._default_manager.filter(self.scope.on_facts(), during("day", whole))
        if self.scope.staff is not None:
            rows = rows.filter(staff=self.scope.staff)
        measures = [each for some, _ in asked for each in some]
        # By day they hardly get fewer: added up once, with all the other parts. To say of each row in which
        # week or month it lies would take longer.
        is_one_part = len(asked) == 1 and len(measures) == len(self.measures)
        is_added_up = not (self._tells_each_day and is_one_part and not {"week", "month"} & {*self.by})
        columns: dict[str, Any] = {}
        for some, periods in asked:
            within = during("day", periods) if joined(periods) != whole else None
            for each in some:
                told = Sum(each.kept_in, filter=within) if is_added_up else F(each.kept_in)
                columns[f"sum_{each.key}"] = told
        on_day = "day" if self._tells_each_day else Value(a_day, DateField())
        paths: dict[str, Any] = {"on_day": on_day, **{key: COLUMNS[key] for key in KEYS}}
        return self._compiled(rows, paths, columns, measures, sign)

    def _of_one_age(self, periods: list[Period]) -> list[tuple[date, list[Period]]]:
        """Should ages be told apart, the days on which claims are of each, and one of them; else all days."""
        if "age" not in self.by or self._tells_each_day:
            return [(self.period.end, periods)]
        ages = [days_of_age(AGES[bucket], self.period.end) for bucket in BUCKETS]
        return [(age.end, [part for each in periods for part in overlaps(each, [age])]) for age in ages]

    def _by_months(self, periods: list[Period]) -> tuple[list[Period], list[Period], list[Period]]:
        is_by_month = {*self.by} & {*TIMES, "age"} in (set(), {"month"}, {"age"})
        if self.table is None or self.table.months is None or not is_by_month:
            return periods, [], []
        return mostly_by_months(periods)

    def live(
        self,
        measures: list[Measure],
        periods: list[Period],
        which: Callable[[Source], Q] | None = None,
        *,
        of_new: bool = False,
    ) -> list[Sql]:
        """What the claims say now: all of them, or those that are told of each source."""
        parts: list[Sql] = []
        for source, counted in by_source(measures).items() if periods else ():
            if of_new and source.noted is None:
                continue
            rows = counted_rows(source, self.scope, periods).filter(_any_of(source, counted))
            if which is not None:
                rows = rows.filter(which(source))
            columns = {f"sum_{each.key}": each.over(source) for each in counted}
            paths = {
                "on_day": "on_day",
                **paths_to(source.claim, source.provider_path),
                "staff": source.staff,
                "last_before": "last_before",
            }
            parts += self._compiled(rows, paths, columns, counted)
        return parts

    def _compiled(
        self,
        rows: QuerySet[Any],
        paths: dict[str, Any],
        columns: dict[str, Any],
        measures: list[Measure],
        sign: str = "",
    ) -> list[Sql]:
        split: dict[str, Any] = {key: F(paths[key]) for key in self.keys}
        if self._tells_day:
            on_day = paths["on_day"]
            split["on_day"] = F(on_day) if isinstance(on_day, str) else on_day
        chosen = rows.order_by().values(**{f"key_{key}": each for key, each in split.items()})
        here = {each.key for each in measures}
        sums = (
            f"{sign}CAST(sum_{each.key} AS bigint) AS {each.key}"
            if each.key in here
            else f"CAST(0 AS bigint) AS {each.key}"
            for each in self.measures
        )
        names = ", ".join([*(f"key_{key} AS {key}" for key in split), *sums])
        return part_of(names, chosen.annotate(**columns))

    @property
    def _tells_day(self) -> bool:
        return not self.keys or "age" in self.by or self._tells_each_day

    @property
    def _tells_each_day(self) -> bool:
        is_daily = any(each.is_distinct or each.is_days for each in self.measures)
        return is_daily or bool({*self.by} & {*TIMES})

    def _nothing(self) -> str:
        names = ", ".join(f"0 AS {each.key}" for each in self.measures)
        keys = "".join(f"NULL AS {key}, " for key in self.keys)
        return f"SELECT {keys}CAST(NULL AS date) AS on_day, {names} WHERE 1 = 0"

    def _dimensions(self) -> tuple[list[str], list[date]]:
        """What to split by, as SQL over the parts."""
        days: list[date] = []
        columns: list[str] = []
        for each in self.by:
            if each == "age":
                columns.append(_AGE)
                days += [self.period.end - last * DAY for _, last in (AGES[key] for key in BUCKETS) if last]
            else:
                columns.append(TIME_SQL[connection.vendor].get(each, each))
        return columns, days

    def _marks(self) -> Sql:
        """The days marked by now that matter here, in one row."""
        none = "SELECT NULL AS days"
        if self.table is None:
            return f"{none}, NULL AS days_of_lines, 0 AS some_new", ()
        some_new = SOME_NEW if self.table.fact == DirtyDay.Fact.DAY else "0 AS some_new"
        start = BEGINNING if self.balances and not self.is_past else self.period.start
        marks, values = marks_on([self.table.fact], Period(start, self.period.end))
        if not any(each.is_of_lines for each in self.measures):
            told = f"SELECT marks.days, NULL AS days_of_lines, {some_new} FROM ({marks}) AS marks"  # noqa: S608
            return told, values
        of_lines, more = marks_on([DirtyDay.Fact.LINE], self.period)
        both = f"SELECT marks.days, of_lines.days AS days_of_lines, {some_new} FROM ({marks}) AS marks"  # noqa: S608
        return f"{both} CROSS JOIN ({of_lines}) AS of_lines", (*values, *more)


@dataclass(frozen=True)
class _Question:
    """All that a statement depends on while no day is dirty: writing it takes longer than much of reading."""

    asked: tuple[Any, ...]
    reading: Reading = field(compare=False)


@lru_cache(maxsize=200)
def _written(question: _Question) -> Sql:
    return question.reading._statement(Dirty())


_AGE = (
    "CASE WHEN on_day >= %s THEN 0 WHEN on_day >= %s THEN 1 "
    "WHEN on_day >= %s THEN 2 WHEN on_day >= %s THEN 3 ELSE 4 END"
)
_NOTHING_KEPT: Sql = ("SELECT 0 AS changed, NULL AS kept_from, NULL AS kept_until", ())


def _over_parts(measure: Measure) -> str:
    """What the parts come to together; a day is one, in however many of them it has something."""
    if measure.is_days:
        return f"count(DISTINCT CASE WHEN {measure.key} > 0 THEN on_day END)"
    return f"sum({measure.key})"


def amounts_of(measures: Iterable[Measure]) -> list[tuple[str, Callable[[Any], Amount]]]:
    """For each measure what makes an amount of what the database says: it has cents, and perhaps nothing."""
    return [(each.key, _in_dollars if each.is_money else _count) for each in measures]


def _in_dollars(whole_cents: Any) -> Decimal:
    return whole_cents * CENT if whole_cents else _NOTHING


def _count(told: Any) -> int:
    return int(told) if told else 0


_NOTHING = Decimal(0)


def by_source(measures: Iterable[Measure]) -> dict[Source, list[Measure]]:
    found: dict[Source, list[Measure]] = {}
    for measure in measures:
        for source in measure.sources:
            found.setdefault(source, []).append(measure)
    return found


def _any_of(source: Source, measures: Iterable[Measure]) -> Q:
    """The rows that any of these measures counts: others need not be looked up."""
    conditions = [each.condition(source.claim) for each in measures]
    return reduce(or_, conditions) if all(conditions) else Q()


def counted_rows(source: Source, scope: Scope, periods: Sequence[Period]) -> QuerySet[Any]:
    """The rows of these days whose claims are in the scope."""
    within = Q()
    for each in periods:
        within |= source.within(each)
    rows = source.rows().filter(scope.condition(source.claim, source.provider_path), within)
    return rows.filter(**{source.staff: scope.staff}) if scope.staff is not None else rows


def paths_to(claim: str, provider: str = "provider") -> dict[str, str]:
    return {
        "payer": f"{claim}payer_id",
        "department": f"{claim}department_id",
        "provider": f"{provider}_id",
        "kind": f"{claim}kind",
        "category": f"{claim}denial_category",
        "assignee": f"{claim}assignee_id",
    }
