"""What was wrong with a file: on its page, and to download, so that people mend it and send it again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.access import allow, person
from accounts.models import User
from rcm_site.spreadsheets import stream_csv
from rcm_site.tables import Cell, Column, Table
from rcm_site.tabs import Tab
from rcm_site.templatetags.ui import NOTHING, number

from ..imports.blocks import FileForgotten
from ..imports.control import has_rows, refused_rows
from ..models import Claim, Import, ImportProblem
from .places import noun_of, place_in_words

VIEW = "claims.view_import"
Severity = ImportProblem.Severity


def visible_import(user: User, pk: uuid.UUID) -> Import:
    related = ("sent_by", "department", "repeats")
    source = Import.objects.visible_to(user).select_related(*related).filter(pk=pk).first()
    if source is None:
        raise Http404
    return source


BADGE_OF: dict[str, str] = {
    Severity.ERROR: "refused",
    Severity.WARNING: "doubt",
    Severity.DUPLICATE: "duplicate",
}


def problems_of(request: HttpRequest, source: Import, user: User) -> dict[str, Any]:
    here = reverse("import", args=[source.pk])
    asked = request.GET.get("severity", "")
    counts = {
        Severity.ERROR: source.refused,
        Severity.WARNING: source.warnings,
        Severity.DUPLICATE: source.duplicates,
    }
    chosen = asked if asked in Severity.values else ""
    labels: dict[str, str] = {"": "All"} | {each.value: str(each.label) for each in counts}
    return {
        "problem_tabs": [
            Tab(
                label,
                f"{here}?severity={key}#problems" if key else f"{here}#problems",
                key == chosen,
                number(counts[Severity(key)]) if key else "",
            )
            for key, label in labels.items()
        ],
        "problems": problems_table(request, source, user, chosen),
        "has_problems": any(counts.values()) or source.problems.exists(),
        "can_mend": source.is_over and source.refused > 0 and has_rows(source) and source.blocks.exists(),
    }


def problems_table(request: HttpRequest, source: Import, user: User, severity: str) -> Table:
    visible = Claim.objects.visible_to(user).filter(pk=OuterRef("first_claim"))
    rows = ImportProblem.objects.filter(source=source, **({"severity": severity} if severity else {}))
    columns = [
        Column("place", "Where", lambda each: where(source, each)),
        Column("outcome", "What came of it", outcome),
        Column("field", "Field", lambda each: sentence(each.field) or NOTHING),
        Column("reason", "What is wrong, and how to mend it", lambda each: sentence(each.reason)),
    ]
    if source.duplicates and severity in ("", Severity.DUPLICATE):
        columns.insert(2, Column("first", "Here as", first_claim))
    return Table(
        request,
        rows.annotate(may_see_first=Exists(visible)).select_related("first_claim").order_by("id"),
        columns,
        caption="What was wrong, in the order of the file",
        empty_title="Nothing wrong here",
        empty_text="No row of this kind.",
    )


def where(source: Import, problem: ImportProblem) -> str:
    place = place_in_words(source, problem.place).capitalize() or "The file"
    inside = problem.file if problem.file and problem.file != source.name else ""
    return f"{inside}, {place.lower()}" if inside else place


def outcome(problem: ImportProblem) -> Cell:
    return Cell(problem.get_severity_display(), badge=BADGE_OF[problem.severity])


def first_claim(problem: Any) -> Cell:
    """The claim of which this is a duplicate, unless it is another department's."""
    first = problem.first_claim
    if first is None or not problem.may_see_first:
        return Cell(NOTHING)
    return Cell(str(first), url=reverse("claim", args=[first.pk]))


def sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:]


# Downloads -----------------------------------------------------------------------------------------


@allow(VIEW)
@require_safe
def refused_csv(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """The refused rows as they were sent. They hold patients' data: the trail knows before the first byte."""
    user = person(request)
    source = visible_import(user, pk)
    rows = refused_rows(source)
    try:
        headings = next(rows, [])
    except FileForgotten:
        messages.info(request, "The file itself is no longer kept: mend the one that you have.")
        return redirect("import", pk=pk)
    audit.record(user, "import.refused_rows_exported", source, request=request, rows=source.refused)
    return stream_csv(f"refused-{short_name(source)}", headings, as_cells(rows))


@allow(VIEW)
@require_safe
def problems_csv(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    user = person(request)
    source = visible_import(user, pk)
    audit.record(user, "import.problems_exported", source, request=request)
    headings = ["file", noun_of(source), "field", "outcome", "reason", "first claim"]
    visible = Claim.objects.visible_to(user).filter(pk=OuterRef("first_claim"))
    problems = ImportProblem.objects.filter(source=source).annotate(may_see_first=Exists(visible))
    rows = problem_rows(source, problems.select_related("first_claim").order_by("id"))
    return stream_csv(f"problems-{short_name(source)}", headings, rows)


def problem_rows(source: Import, problems: QuerySet[Any]) -> Iterable[list[object]]:
    for each in problems.iterator(chunk_size=2_000):
        first = str(each.first_claim) if each.first_claim and each.may_see_first else ""
        yield [
            each.file or source.name,
            each.place or "",
            each.field,
            each.get_severity_display(),
            each.reason,
            first,
        ]


def as_cells(rows: Iterable[list[str]]) -> Iterable[list[object]]:
    for row in rows:
        yield list(row)


def short_name(source: Import) -> str:
    return slugify(source.name.rpartition(".")[0] or source.name)[:60] or "file"
