"""What the numbers of denials say, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rcm_site.templatetags.ui import money_brief, percent

from ..catalogue import FEW, Figure, Split
from ..denial_changes import Change, largest_rise
from ..denials import Counted, ReasonRow
from ..kpis import KPIS
from ..overview import counted
from ..questions import Question

RATE = KPIS["denial_rate"]
MOST = Decimal("0.8")  # of the dollars: what a few reasons make up
WRITTEN = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def part_in_words(part: Decimal, whole: Decimal, of: str) -> str:
    """31.2% of denied charges."""
    return f"{percent(part / whole)} {of}" if whole else ""


def count_in_words(n: int) -> str:
    return WRITTEN[n] if n < len(WRITTEN) else f"{n:,}"


def rate_moved(now: Figure, before: Figure | None, against: str) -> str:
    """How the rate of the whole period stands to the one it is compared with."""
    if now.value is None:
        return "Payers decided no claims in these days."
    of = f"of {now.n:,} {counted('claims', now.n)} decided"
    if before is None or before.value is None:
        return f"Payers denied {RATE.words(now.value)} {of}."
    was, points = RATE.words(before.value), now.value - before.value
    if abs(points) < Decimal("0.05"):
        return f"Payers denied {RATE.words(now.value)} {of}, as {against}."
    verb = "rose" if points > 0 else "fell"
    return f"The denial rate {verb} from {was} {against} to {RATE.words(now.value)} {of}."


def who_denies_most(payers: Sequence[Split], whole: Figure) -> str:
    """Of the payers that decided enough claims to say so."""
    sure = [each for each in payers if each.figure.value is not None and not each.figure.is_few]
    if not sure or whole.value is None:
        return "No payer decided enough claims to compare them." if payers else ""
    first = max(sure, key=lambda each: each.figure.value or Decimal(0))
    claims = f"{first.figure.n:,} {counted('claims', first.figure.n)}"
    words = f"{first.label} denies most, {RATE.words(first.figure.value)} of {claims}"
    return f"{words}; all payers together {RATE.words(whole.value)}." if len(payers) > 1 else f"{words}."


def beyond_benchmark(payers: Sequence[Split]) -> str:
    sure = [each for each in payers if each.figure.value is not None and not each.figure.is_few]
    if RATE.benchmark is None or not sure:
        return ""
    limit = RATE.benchmark.value
    n = sum(1 for each in sure if (each.figure.value or Decimal(0)) > limit)
    of = f"of the {len(sure):,} payers that decided {FEW} claims or more"
    return f"{count_in_words(n)} {of} {'deny' if n != 1 else 'denies'} more than {RATE.words(limit)}."


def what_changed(question: Question, found: Sequence[Change], now: Counted, before: Counted) -> str:
    """Where more dollars were denied than before, and how much of it one payer and procedure make up."""
    risen = now.dollars - before.dollars
    then = f"than {question.against_in_words}"
    if not risen:
        words = f"As many dollars were denied as {question.against_in_words}"
    else:
        was, more = money_brief(before.dollars), "more" if risen > 0 else "less"
        words = f"{money_brief(abs(risen))} {more} was denied {then} ({money_brief(now.dollars)} after {was})"
    first = largest_rise(found)
    if first is None:
        return f"{words}."
    named = f"{first.name}{f' ({first.words})' if first.words else ''}"
    claims = f"from {first.before.counted.claims:,} to {first.now.counted.claims:,} claims"
    if risen > 0 and first.more <= risen:
        return f"{words}. {named} went {claims}, {percent(first.more / risen)} of the rise."
    return f"{words}. {named} went {claims} and added {money_brief(first.more)}."


def few_reasons(reasons: Sequence[ReasonRow]) -> str:
    """How few reasons make up most of the dollars."""
    whole = sum((row.dollars for row in reasons), Decimal(0))
    if not whole:
        return ""
    running, n = Decimal(0), 0
    while running < whole * MOST:
        running += reasons[n].dollars
        n += 1
    if len(reasons) == 1:
        return f"All denials have one reason: {reasons[0].words.lower()}."
    verb = "makes" if n == 1 else "make"
    first = (
        f"{count_in_words(n)} of {len(reasons)} reasons {verb} up {percent(running / whole)} of the dollars"
    )
    return f"{first}; first is {reasons[0].code or 'no reason given'}, {percent(reasons[0].dollars / whole)}."


def plainly(row: ReasonRow) -> str:
    """What a reason means, without who bears it."""
    return row.words.partition(" (")[0]


def who_pays_after_all(payers: Sequence[Split], whole: Figure) -> str:
    """With how many appeals that is, and who decided too few of them."""
    if whole.value is None:
        return "No appeal was decided in these days."
    few = "Only " if whole.is_few else ""
    appeals = f"{few}{whole.n:,} {counted('appeals', whole.n)} {'were' if whole.n != 1 else 'was'} decided"
    words = f"{appeals}; {KPIS['appeal_overturn_rate'].words(whole.value)} ended with a payment."
    unsure = [each for each in payers if each.figure.is_few]
    if len(unsure) == len(payers):
        return f"{words} Each payer decided fewer than {FEW}: too few to compare."
    return f"{words} Grey are payers that decided fewer than {FEW}." if unsure else words


def in_short(payers: Sequence[Split], whole: Figure, reasons: Sequence[ReasonRow]) -> str:
    """The page's question answered in two sentences: who, and why."""
    if not reasons:
        return "Nothing was denied in these days." if whole.value is not None else ""
    first, dollars = reasons[0], sum((row.dollars for row in reasons), Decimal(0))
    why = (
        f"{first.code} – {plainly(first)[:1].lower()}{plainly(first)[1:]}"
        if first.code
        else "no reason given"
    )
    share = f", {percent(first.dollars / dollars)} of the dollars" if dollars else ""
    return f"{who_denies_most(payers, whole)} The first reason is {why}{share}."
