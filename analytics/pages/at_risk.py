"""What is lost unless somebody acts in time, before it is lost."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from claims import deadlines
from claims.deadlines import LIMITS, SOON, AtRisk, Limit
from claims.plan_limits import Lengths
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import money, money_brief, number

from ..facts.caching import is_told, remembered
from ..questions import Question
from ..scopes import Scope
from .report import part_url

WORDS = {
    "appeal": "Denials to appeal",
    "filing": "Claims to file again, not accepted by their payer yet",
    "correction": "Coding denials to correct and bill again",
}


def at_risk_table(request: HttpRequest, question: Question) -> Table:
    """As of today, whatever period is asked for: what can still be done does not depend on it."""
    scope = question.scope
    lengths = Lengths()
    rows = [(limit, at_risk(scope, limit, lengths)) for limit in LIMITS]

    def within(place: int) -> Column:
        days = SOON[place]
        return Column(
            f"within_{days}",
            f"Within {days} days, $",
            lambda row: dollars(question, row[0], days, row[1][place]),
            numeric=True,
            value=lambda row: row[1][place].dollars,
        )

    return Table(
        request,
        rows,
        [
            Column("what", "What has to be done", lambda row: WORDS[row[0].key]),
            Column(
                "claims",
                f"Claims in {SOON[-1]} days",
                lambda row: number(row[1][-1].claims),
                numeric=True,
                value=lambda row: row[1][-1].claims,
            ),
            *(within(place) for place in range(len(SOON))),
        ],
        key="at_risk",
        caption="At risk: what payers' limits end unless it is done in time",
        export_url=part_url(request, "at_risk"),
    )


def at_risk(scope: Scope, limit: Limit, lengths: Lengths) -> list[AtRisk]:
    """Told again while neither claims nor payers' limits change; of the plans of a claim no mark tells."""

    def found() -> list[AtRisk]:
        return deadlines.added_up(_due_soon(scope, limit.key, lengths).all(), scope.today)

    if not (lengths.are_of_payers and is_told(scope)):
        return found()
    return remembered(("at risk", scope, limit.key, lengths.told(limit.days)), found)


@lru_cache(maxsize=100)
def _due_soon(scope: Scope, key: str, lengths: Lengths) -> QuerySet[Any, Any]:
    """Asked anew each time, but written once: that takes as long."""
    limit = next(limit for limit in LIMITS if limit.key == key)
    return deadlines.due_soon(scope.claims(), limit, scope.today, lengths)


def dollars(question: Question, limit: Limit, days: int, found: AtRisk) -> Cell:
    noun = "claim" if found.claims == 1 else "claims"
    return Cell(
        money_brief(found.dollars),
        title=f"{found.claims:,} {noun}, {money(found.dollars)}",
        numeric=True,
        url=list_url(question, f"{limit.key}-{days}") if found.claims else "",
    )


def list_url(question: Question, due: str) -> str:
    """The claims themselves, of the same payer and department."""
    asked = {name: getattr(question.scope, name) for name in ("payer", "department")}
    kept = {name: key for name, key in asked.items() if isinstance(key, int)}
    return f"{reverse('claims')}?{urlencode({'due': due, **kept})}"
