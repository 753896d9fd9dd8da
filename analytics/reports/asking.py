"""A report's definition, read for a person: everything in it that makes no sense is named by its path.

The same words come from the API, from the builder's form and from what was kept of either.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from accounts.access import may
from accounts.models import User
from rcm_site.api import NOT_TEXT

from ..cards import Good
from ..catalogue import Kpi, Topic, Unit, amount
from ..facts.measures import MEASURES, Measure
from ..kpis import KPIS
from ..models import FactState
from ..past.standings import KEPT_KEYS
from ..questions import COMPARED, FILTERS, Question, WrongQuestion, ask
from .dimensions import DIMENSIONS, Dimension

MOST_NUMBERS = 12  # KPIs and measures together: more columns nobody reads, nor fits on paper
MOST_GROUPS = 2
MOST_STEPS = 60  # of what is asked for each day of its own: how things stood, and codes
MOST_BY_CLAIM = 14  # days on which that is no kept sum: each reads every claim's balance
LONGEST_TEXT = 200
FORMATS = ("json", "csv", "xlsx", "pdf")
CHARTS = ("none", "line", "bar")
KNOWN = (
    "kpis",
    "measures",
    "group_by",
    "filters",
    "period",
    "start",
    "end",
    "compare",
    "chart",
    "format",
)


@dataclass(frozen=True)
class ReportQuestion:
    """What a report asks: which numbers, told apart by what, of which claims over which days."""

    numbers: tuple[Kpi, ...]  # a measure is one that is added up and divided by nothing
    groups: tuple[Dimension, ...]
    question: Question
    chart: str
    format: str
    user: User

    @property
    def definition(self) -> dict[str, Any]:
        """As it is kept: it means the same whoever asks it, whatever period is their own."""
        asked = dict(self.question.asked)
        days: dict[str, str] = {name: asked[name] for name in ("period", "start", "end") if name in asked}
        period = days or {"period": self.user.default_period}
        filters = {name: asked[name] for name in FILTERS if name in asked}
        found: dict[str, Any] = {
            "kpis": [each.key for each in self.numbers if each is KPIS.get(each.key)],
            "measures": [each.key for each in self.numbers if each is NUMBERS.get(each.key)],
            "group_by": [each.key for each in self.groups],
            "filters": filters,
            **period,
            "compare": self.question.compare,
            "chart": self.chart,
            "format": self.format,
        }
        return {name: value for name, value in found.items() if value not in ([], {})}

    @property
    def time(self) -> Dimension | None:
        return next((each for each in self.groups if each.is_time), None)

    @property
    def code(self) -> Dimension | None:
        return next((each for each in self.groups if each.is_code), None)

    @property
    def title(self) -> str:
        """For a report that nobody has named: Denial rate and Payments by payer and month."""
        names = [each.label for each in self.numbers]
        shown = _together(names) if len(names) <= 3 else f"{', '.join(names[:2])} and {len(names) - 2} more"
        return f"{shown}{self._by}"

    @property
    def words(self) -> str:
        """Filters, days and comparison in words, for paper and for exports."""
        return f"{self.question.words}{f',{self._by}' if self.groups else ''}"

    @property
    def _by(self) -> str:
        by = _together([each.label.lower() for each in self.groups])
        return f" by {by}" if by else ""


def is_rate(kpi: Kpi) -> bool:
    """Whether it divides: of too few it says little, and several of them never add up."""
    return kpi.figure(dict.fromkeys(kpi.needed, 0), 1).denominator is not None


def key_of(kpi: Kpi) -> str:
    """A measure may be called as a KPI is."""
    return f"{'measures' if kpi is NUMBERS.get(kpi.key) else 'kpis'}.{kpi.key}"


def _together(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def read(definition: Any, user: User, today: date) -> ReportQuestion:
    """The question that a definition asks for this person; every mistake in it is named at once."""
    if not isinstance(definition, Mapping):
        raise WrongQuestion({"report": ["A report is an object with kpis, group_by, period …"]})
    problems: dict[str, list[str]] = {}
    for name in definition.keys() - {*KNOWN}:
        problems[_shown(name)] = [f"There is no such field; there are {', '.join(KNOWN)}."]
    kpis = _keys(definition, "kpis", KPIS, problems)
    measures = _keys(definition, "measures", MEASURES, problems)
    groups = _keys(definition, "group_by", DIMENSIONS, problems)
    numbers = tuple([KPIS[each] for each in kpis] + [NUMBERS[each] for each in measures])
    chosen = tuple(DIMENSIONS[each] for each in groups)
    _check_count(numbers, chosen, problems)
    _check_groups(chosen, user, problems)
    _check_told(definition, chosen, problems)
    chart = _word(definition, "chart", CHARTS, "none", problems)
    _check_chart(chart, chosen, problems)
    file_format = _word(definition, "format", FORMATS, "json", problems)
    question = _question(definition, user, today, problems)
    if question is not None:
        _check_steps(numbers, chosen, question, problems)
    if problems or question is None:
        raise WrongQuestion(problems)
    return ReportQuestion(numbers, chosen, question, chart, file_format, user)


# Its parts -----------------------------------------------------------------------------------------


def _keys(
    definition: Mapping[str, Any], name: str, known: Collection[str], problems: dict[str, list[str]]
) -> list[str]:
    """Those of a list's words that are known; all others are named by their place."""
    given = definition.get(name, [])
    if not isinstance(given, list | tuple):
        problems[name] = ["A list of words, as in [“…”]."]
        return []
    found: list[str] = []
    for place, each in enumerate(given[: len(known) + 1]):
        path = f"{name}[{place}]"
        if not isinstance(each, str) or each not in known:
            problems[path] = [_unknown(each, known)]
        elif each in found:
            problems[path] = ["It stands here already: leave it out."]
        else:
            found.append(each)
    return found


def _unknown(given: Any, known: Collection[str]) -> str:
    close = get_close_matches(given[:LONGEST_TEXT], known, 1) if isinstance(given, str) else []
    if close:
        return f"There is none of this name. Did you mean {close[0]}?"
    return f"One of {', '.join(known)}."


def _word(
    definition: Mapping[str, Any],
    name: str,
    known: Collection[str],
    unless_said: str,
    problems: dict[str, list[str]],
) -> str:
    given = definition.get(name, unless_said)
    if not isinstance(given, str) or given not in known:
        problems[name] = [f"One of {', '.join(known)}."]
        return unless_said
    return given


def _check_count(
    numbers: tuple[Kpi, ...], groups: tuple[Dimension, ...], problems: dict[str, list[str]]
) -> None:
    if not numbers and not any(each.startswith(("kpis", "measures")) for each in problems):
        problems["kpis"] = ["Choose at least one KPI or measure."]
    if len(numbers) > MOST_NUMBERS:
        problems["kpis"] = [f"At most {MOST_NUMBERS} KPIs and measures together: leave some out."]
    if len(groups) > MOST_GROUPS:
        problems["group_by"] = [f"At most {MOST_GROUPS}: narrow by a filter instead."]


def _check_groups(groups: tuple[Dimension, ...], user: User, problems: dict[str, list[str]]) -> None:
    for each in groups:
        if each.access and not may(user, each.access):
            problems.setdefault("group_by", []).append(f"You may not see numbers by {each.label.lower()}.")
    if sum(each.is_time for each in groups) > 1:
        problems.setdefault("group_by", []).append("Only one of day, week and month.")
    if sum(each.is_code for each in groups) > 1:
        problems.setdefault("group_by", []).append(
            "Only one of procedure and reason: a claim may have several of each, which nothing pairs."
        )


def _check_told(
    definition: Mapping[str, Any], groups: tuple[Dimension, ...], problems: dict[str, list[str]]
) -> None:
    """Codes tell some measures apart; a KPI needs all of its own."""
    for group in groups:
        if group.tells is None:
            continue
        for name, known in (("kpis", KPIS), ("measures", NUMBERS)):
            can = [key for key, each in known.items() if group.tells.issuperset(each.needed)]
            given = definition.get(name, [])
            for place, each in enumerate(given if isinstance(given, list | tuple) else []):
                if isinstance(each, str) and each in known and each not in can:
                    words = f"Not told by {group.label.lower()}, by which there are {', '.join(can)}."
                    problems.setdefault(f"{name}[{place}]", []).append(words)


def _check_chart(chart: str, groups: tuple[Dimension, ...], problems: dict[str, list[str]]) -> None:
    has_time = any(each.is_time for each in groups)
    if chart == "line" and not has_time:
        problems["chart"] = ["A line goes over time: group by day, week or month, or choose bar."]
    if chart == "bar" and (has_time or not groups):
        problems["chart"] = ["Bars compare payers, departments …: group by one of these, or choose line."]


def _check_steps(
    numbers: tuple[Kpi, ...],
    groups: tuple[Dimension, ...],
    question: Question,
    problems: dict[str, list[str]],
) -> None:
    """How things stood is a question for each day of its own, and so are codes."""
    time = next((each for each in groups if each.is_time), None)
    is_costly = any(each.is_as_of for each in numbers) or any(each.is_code for each in groups)
    if time and is_costly and sum(1 for _ in question.period.steps(time.key)) > MOST_STEPS:
        words = f"At most {MOST_STEPS} {time.label.lower()}s of these: group by longer ones, or ask for less."
        problems.setdefault("group_by", []).append(words)
    elif time and any(each.is_as_of for each in numbers):
        count = _told_by_claim(groups, question)
        if count > MOST_BY_CLAIM:
            words = (
                f"How things stood is told claim by claim on {count} of these days, at most on "
                f"{MOST_BY_CLAIM}: group by month, ask for fewer, or leave the comparison out."
            )
            problems.setdefault("group_by", []).append(words)


def _told_by_claim(groups: tuple[Dimension, ...], question: Question) -> int:
    """On how many of the days that rows end on the sums that are kept do not say how things stood."""
    steps = [span for each in groups if each.is_time for span in question.period.steps(each.key)]
    ends = {each.end for each in steps}
    if question.against:
        is_year = question.compare == "year"
        ends |= {(each.year_before() if is_year else each.previous()).end for each in steps}
    past = {each for each in ends if each < question.scope.today}
    keys = {each.key for each in groups if not each.is_time}
    if not keys | question.scope.asked <= KEPT_KEYS:
        return len(past)
    kept_from = FactState.objects.values_list("kept_from", flat=True).first()
    return sum(each < kept_from for each in past) if kept_from else 0


def _question(
    definition: Mapping[str, Any], user: User, today: date, problems: dict[str, list[str]]
) -> Question | None:
    """Days, filters and comparison, as pages read them."""
    asked = {"compare": _word(definition, "compare", COMPARED, "none", problems)}
    asked |= _days(definition, problems)
    filters = _filters(definition, problems)
    try:
        return ask(user, asked | filters, today=today)
    except WrongQuestion as wrong:
        for name, messages in wrong.problems.items():
            problems[f"filters.{name}" if name in FILTERS else name] = messages
    return None


def _days(definition: Mapping[str, Any], problems: dict[str, list[str]]) -> dict[str, str]:
    """A period by its name, or by its first and last day, beside it or in it."""
    given = {name: definition[name] for name in ("period", "start", "end") if name in definition}
    within = given.get("period")
    if isinstance(within, Mapping):
        del given["period"]
        if given or {*within} != {"start", "end"}:
            problems["period"] = ["A name, or an object with start and end alone."]
        given |= {name: within[name] for name in ("start", "end") if name in within}
    return {name: text for name, each in given.items() if (text := _text(each, name, problems))}


def _filters(definition: Mapping[str, Any], problems: dict[str, list[str]]) -> dict[str, str]:
    given = definition.get("filters", {})
    if not isinstance(given, Mapping):
        problems["filters"] = ["An object, as in {“payer”: “Aetna”}."]
        return {}
    found: dict[str, str] = {}
    for name, each in given.items():
        path = f"filters.{_shown(name)}"
        if name not in FILTERS:
            problems[path] = [f"There is no such filter; there are {', '.join(FILTERS)}."]
        elif text := _text(each, path, problems):
            found[name] = text
    return found


def _text(given: Any, path: str, problems: dict[str, list[str]]) -> str:
    """A word or a whole number, as an address would hold it."""
    if isinstance(given, bool) or not isinstance(given, str | int):
        problems[path] = ["A text; leave it out to ask for everything."]
        return ""
    text = str(given).strip() if isinstance(given, str) or abs(given) < 10**18 else ""
    if not text or len(text) > LONGEST_TEXT or NOT_TEXT.search(text):
        problems[path] = [f"A text of 1 to {LONGEST_TEXT} letters; leave it out to ask for everything."]
        return ""
    return text


def _shown(name: Any) -> str:
    """A name that somebody made up, as far as an answer may repeat it."""
    return NOT_TEXT.sub("?", str(name)[:40])


# Measures as numbers of their own -------------------------------------------------------------------

# What a column of a measure is headed with: its meaning says more, but some only beside another one's.
MEASURE_LABELS = {
    "submitted": "Claims submitted",
    "charges": "Gross charges",
    "status_denied": "Claims standing denied",
    "owed_claims": "Open claims",
    "owed": "Open A/R",
    "owed_net": "Open A/R net of contracts",
    "credit_claims": "Claims with a credit",
    "credits": "Credits",
    "first_decided": "Claims first decided",
    "first_denied": "Claims denied at first",
    "decided": "Claims decided",
    "decided_charges": "Charges decided",
    "denied": "Claims denied",
    "denied_charges": "Charges denied",
    "paid_at_first": "Claims paid at first",
    "paid_claims": "Claims paid",
    "days_to_pay": "Days to pay, added up",
    "underpaid_claims": "Claims underpaid",
    "underpaid": "Underpaid",
    "kept_by_law": "Kept back by law",
    "received": "Claims received",
    "clean_claims": "Clean claims",
    "payments": "Payments posted",
    "cash": "Cash",
    "contractual_adjustments": "Contractual adjustments posted",
    "contractual": "Contractual adjustments",
    "denial_write_offs": "Denied claims written off",
    "denial_written_off": "Denials written off",
    "appeals_decided": "Appeals decided",
    "appeals_overturned": "Appeals overturned",
    "appeals_filed": "Appeals filed",
    "days_to_appeal": "Days to appeal, added up",
    "fee_lines": "Lines with a net fee",
    "net_fees": "Net fees",
}


def _label(measure: Measure) -> str:
    if measure.ages is None:
        return MEASURE_LABELS[measure.key]
    first, last = measure.ages
    days = f"over {first - 1}" if last is None else f"{first}–{last}"
    return f"{MEASURE_LABELS[measure.kept_in]}, {days} days old"


def _number(measure: Measure) -> Kpi:
    """A measure as a KPI that is divided by nothing."""
    return Kpi(
        key=measure.key,
        label=_label(measure),
        definition=measure.meaning,
        unit=Unit.MONEY if measure.is_money else Unit.COUNT,
        good=Good.EITHER,
        benchmark=None,
        formula="added up" if measure.amount else "counted",
        counts_by="the period's last day" if measure.as_of else "the day of the event",
        n_of=measure.key,
        n_noun="",
        shows=(measure.key,),
        interest=(measure.key,),
        measures=(measure.key,),
        compute=lambda **sums: amount(sums[measure.key]),
        topic=Topic.OTHER,
    )


NUMBERS: dict[str, Kpi] = {key: _number(measure) for key, measure in MEASURES.items()}
