"""Where a number comes from: one KPI, what it is made of, how it moved, its splits and its claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.access import allow, may, person
from accounts.models import User
from claims.models import Claim, Provider
from claims.pages.claims import LISTED, MOST_SORTED, at_most, list_columns, sortable
from rcm_site import charts
from rcm_site.charts import Chart
from rcm_site.tables import Cell, Column, Table
from rcm_site.tabs import Tab
from rcm_site.templatetags.ui import day, money, number

from ..cards import Change
from ..catalogue import Figure, Kpi, Split
from ..drilldown import Listed, Part
from ..facts.measures import MEASURES, Measure
from ..facts.reading import Amount
from ..facts.totals import totals
from ..kpis import KPIS
from ..overview import (
    against_in_words,
    benchmark_in_words,
    change_of,
    counted,
    n_in_words,
    over_weeks,
)
from ..periods import Period, Step
from ..questions import Question, span_in_words
from ..scopes import NONE
from .drawing import trend_chart, value_cell
from .known_then import then_and_now
from .report import answer, part_url
from .scores import FEW_NOTE

SPLITS = {
    "payer": "Payer",
    "department": "Department",
    "provider": "Provider",
    "kind": "Kind",
    "category": "Denied for",
    "month": "Month",
}
KEPT = ("by", "part")  # what the page is asked beside the question
MANY = 50_000  # payments, say: from here on their claims are not listed before the first of them are shown


@allow("analytics.view_dashboard")
@never_cache
@require_safe
def kpi_page(request: HttpRequest, kpi: str) -> HttpResponseBase:
    found = KPIS.get(kpi)
    if found is None:
        raise Http404
    title = f"{found.label}: where does it come from?"
    return answer(request, "analytics/kpi.html", partial(build, request, found), title=title)


def build(request: HttpRequest, kpi: Kpi, question: Question) -> dict[str, Any]:
    measures = dict.fromkeys([*kpi.needed, *kpi.shows, *kpi.interest])
    sums = totals(question.scope, question.period, measures)[0].sums
    figure = kpi.figure(sums, question.period.days)
    return {
        "kpi": kpi,
        "value": kpi.words(figure.value),
        "n": n_in_words(kpi, figure),
        "is_few": figure.is_few,
        "benchmark": benchmark_in_words(kpi),
        "changes": changes(kpi, figure, question),
        "worked_out": worked_out(kpi, figure),
        "made_of": made_of(kpi, sums),
        "kept": {name: request.GET[name] for name in KEPT if request.GET.get(name)},
        "trend": course(request, kpi, question),
        **split_by(request, question, kpi, figure),
        **then_and_now(request, kpi, question),
        **claims_behind(request, question, kpi, figure, sums),
    }


# The number ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Then:
    """What it was over days to compare with."""

    days: str
    value: str
    change: Change | None


def changes(kpi: Kpi, now: Figure, question: Question) -> list[Then]:
    """Against the days before and against the year before, whatever the bar asks for."""
    found = []
    for compare in ("previous", "year"):
        then = replace(question, compare=compare)
        before = then.against
        assert before is not None  # noqa: S101 - both compare with days
        was = kpi.value(question.scope, before)
        days = day(before.end) if kpi.is_as_of else span_in_words(before)
        change = change_of(kpi, now, was, against_in_words(kpi, then))
        found.append(Then(days, kpi.words(was.value), change))
    return found


def worked_out(kpi: Kpi, figure: Figure) -> str:
    """The formula with this period's numbers in it."""
    if figure.denominator is None:
        return ""
    over = money(figure.numerator) if MEASURES[kpi.measures[0]].is_money else number(figure.numerator)
    is_all_money = all(MEASURES[each].is_money for each in kpi.measures)
    under = money(figure.denominator) if is_all_money else number(figure.denominator)
    return f"{over} ÷ {under} = {kpi.words(figure.value)}"


def made_of(kpi: Kpi, sums: Mapping[str, Amount]) -> list[tuple[str, str]]:
    """Each measure in the formula, and what it comes to."""
    parts = []
    for key in kpi.measures:
        measure = MEASURES[key]
        parts.append((words_of(measure), money(sums[key]) if measure.is_money else number(sums[key])))
    return parts


def words_of(measure: Measure) -> str:
    words = measure.meaning.removesuffix(".")
    if measure.ages is None:
        return words
    first, last = measure.ages
    return f"{words}, {f'over {first - 1}' if last is None else f'{first}–{last}'} days old"


def course(request: HttpRequest, kpi: Kpi, question: Question) -> Chart:
    return trend_chart(request, over_weeks(question), kpi)


# Its splits ----------------------------------------------------------------------------------------


def split_by(request: HttpRequest, question: Question, kpi: Kpi, whole: Figure) -> dict[str, Any]:
    """By one thing at a time; each row leads to this page, narrowed to it."""
    told = [each for each in SPLITS if getattr(question.scope, each, None) is None]
    if "provider" in told and not may(person(request), "claims.view_providertotal"):
        told.remove("provider")
    by = request.GET.get("by", "")
    by = by if by in told else told[0]
    tabs = [Tab(SPLITS[each], turned(request, "split", by=each), is_current=each == by) for each in told]
    rows = kpi.by(question.scope, question.period, by)
    return {
        "split_tabs": tabs,
        "split": split_table(request, question, kpi, whole, by, rows),
        "few_note": FEW_NOTE if any(row.figure.is_few for row in rows) else "",
    }


def split_table(
    request: HttpRequest, question: Question, kpi: Kpi, whole: Figure, by: str, rows: list[Split]
) -> Table:
    narrower = narrowing(by, [row.key for row in rows], question.period)
    told = [row.figure for row in rows if not row.figure.is_few]
    largest = max((abs(each.value) for each in told if each.value is not None), default=None)
    columns: list[Column] = [
        Column(
            "name",
            SPLITS[by],
            lambda row: charts.Step.MONTH.write(row.key) if by == "month" else row.label,
            sort="key",
            value=lambda row: row.key if by == "month" else row.label,
        ),
        Column(
            "n",
            kpi.n_noun.capitalize(),
            lambda row: number(row.figure.n),
            numeric=True,
            sort="n",
            value=lambda row: row.figure.n,
        ),
        Column(
            "value",
            kpi.label,
            lambda row: with_bar(kpi, row.figure, largest),
            numeric=True,
            sort="value",
            value=lambda row: row.figure.value,
        ),
    ]
    return Table(
        request,
        rows,
        columns,
        key="split",
        default_sort="name" if by == "month" else "-n",
        caption=f"By {SPLITS[by].lower()}",
        link=lambda row: question.url("kpi", kpi.key, **narrower[row.key]),
        totals=[Cell("All"), Cell(number(whole.n), numeric=True), value_cell(kpi, whole)],
        export_url=part_url(request, "split"),
        empty_title="Nothing to split",
        empty_text="Nothing was counted in these days.",
    )


def with_bar(kpi: Kpi, figure: Figure, largest: Decimal | None) -> Cell:
    """A bar only where there are enough to compare."""
    if not largest or figure.value is None or figure.is_few:
        return value_cell(kpi, figure)
    return replace(value_cell(kpi, figure), share=abs(figure.value) / largest)


def narrowing(by: str, keys: Sequence[Any], period: Period) -> dict[Any, dict[str, Any]]:
    """What an address says to ask for one of these keys alone."""
    if by == "month":
        steps = {step.start: step for step in period.steps(Step.MONTH)}
        return {key: {"start": steps[key].start, "end": steps[key].end} for key in keys}
    if by == "provider":
        npis = dict(Provider.objects.filter(pk__in=[key for key in keys if key]).values_list("pk", "npi"))
        return {key: {by: npis.get(key, NONE)} for key in keys}
    return {key: {by: key or NONE} for key in keys}


# Its claims ----------------------------------------------------------------------------------------


def claims_behind(
    request: HttpRequest, question: Question, kpi: Kpi, figure: Figure, sums: Mapping[str, Amount]
) -> dict[str, Any]:
    """Exactly the claims that it counts: those that the number is about, or all of them."""
    user = person(request)
    if not may(user, "claims.view_claim"):
        return {}
    parts = {Part.INTEREST: kpi.interest, Part.ALL: kpi.shows}
    if kpi.interest == kpi.shows:
        del parts[Part.INTEREST]
    asked = request.GET.get("part", "")
    chosen = Part(asked) if asked in {*parts} else next(iter(parts))
    listed = {part: listed_of(question, keys, sums) for part, keys in parts.items()}
    counts = {part: count_of(each, sums) for part, each in listed.items()}
    tabs = [
        Tab(
            words_of_all(keys),
            turned(request, "claims", part=part),
            is_current=part == chosen,
            count="" if (count := counts[part]) is None else at_most(count),
        )
        for part, keys in parts.items()
    ]
    table = claims_table(request, question, kpi, chosen, listed[chosen], counts[chosen])
    return {"claims_tabs": tabs, "claims": table, "claims_counted": in_words(kpi, figure, counts[Part.ALL])}


def claims_table(
    request: HttpRequest,
    question: Question,
    kpi: Kpi,
    part: Part,
    listed: Listed,
    count: int | None,
) -> Table:
    user = person(request)
    table = Table(
        request,
        listed.claims().select_related(*LISTED),
        columns_of(user, MOST_SORTED + 1 if count is None else count),
        key="claims",
        keys=listed,
        read=Claim.objects.select_related(*LISTED).in_bulk,
        export_url=question.url("take_out", "kpi", kpi=kpi.key, part=part),
        link=lambda claim: reverse("claim", args=[claim.pk]),
        caption=words_of_all(kpi.interest if part == Part.INTEREST else kpi.shows),
        empty_title="No claims",
        empty_text="Nothing was counted in these days: widen them or empty a filter.",
    )
    audit.record(user, "claims.read", request=request, rows=len(table.rows), kpi=kpi.key)
    return table


def columns_of(user: User, count: int) -> list[Column]:
    return sortable([each for each in list_columns(user) if each.name != "control"], count)


def listed_of(question: Question, keys: tuple[str, ...], sums: Mapping[str, Amount]) -> Listed:
    is_long = counts_more(keys, sums, MANY)
    return Listed(keys, question.scope, question.period, MOST_SORTED, begins_only=is_long)


def count_of(listed: Listed, sums: Mapping[str, Amount]) -> int | None:
    """As the sums know it where they count claims; else counted, where that does not take long."""
    if is_in_sums(listed.measures):
        return int(sums[listed.measures[0]])
    if counts_more(listed.measures, sums, MOST_SORTED):
        return None
    return listed.count()


def is_in_sums(keys: tuple[str, ...]) -> bool:
    return len(keys) == 1 and counts_claims(MEASURES[keys[0]])


def counts_more(keys: tuple[str, ...], sums: Mapping[str, Amount], most: int) -> bool:
    return any(MEASURES[key].amount is None and sums[key] > most for key in keys)


def counts_claims(measure: Measure) -> bool:
    return measure.amount is None and not any(each.claim and not each.is_once for each in measure.sources)


def in_words(kpi: Kpi, figure: Figure, count: int | None) -> str:
    """1,204 claims; 34 payments on 31 claims."""
    counted_here = f"{figure.n:,} {counted(kpi.n_noun, figure.n)}"
    if count is None or kpi.n_noun == "claims":
        return counted_here
    return f"{counted_here} on {at_most(count)} {counted('claims', count)}"


def words_of_all(keys: tuple[str, ...]) -> str:
    return words_of(MEASURES[keys[0]]) if len(keys) == 1 else "All that it counts"


def turned(request: HttpRequest, anchor: str, **changes: str) -> str:
    """This page, asked the same but for one of its tabs; its tables begin anew."""
    query = request.GET.copy()
    for name in [name for name in query if name in changes or name.startswith(f"{anchor}-")]:
        del query[name]
    query.update(changes)
    return f"?{query.urlencode()}#{anchor}"
