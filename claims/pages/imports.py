"""Pages on which people watch files come in: all of them, and one with how far it is."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import allow, may, person
from accounts.models import User
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import moment, number, percent, unbroken

from ..imports import control
from ..imports.recognise import FileKind
from ..models import Import, ImportProblem
from .filters import ImportFilter
from .forms import KINDS
from .problems import VIEW, problems_of, visible_import
from .uploads import SEND

# htmx swaps this answer in and asks no more.
LAST_ANSWER = 286
Severity = ImportProblem.Severity


# All files -----------------------------------------------------------------------------------------

COLUMNS = [
    Column("name", "File", lambda each: each.name),
    Column("state", "State", lambda each: state_cell(each)),
    Column("claims", "Claims", lambda each: number(each.claims_stored), numeric=True),
    Column("lines", "Lines", lambda each: number(each.lines_stored), numeric=True),
    Column("payments", "Payments", lambda each: number(each.payments_stored), numeric=True),
    Column("refused", "Refused", lambda each: refused_cell(each), numeric=True),
    Column("duplicates", "Duplicates", lambda each: number(each.duplicates), numeric=True),
    Column("sent_at", "When", lambda each: unbroken(moment(each.sent_at)), sort="sent_at"),
    Column("sent_by", "Sent by", lambda each: each.sent_by.name if each.sent_by else "The site"),
]


def state_cell(source: Import) -> Cell:
    """The state, and how far a file is that is not over."""
    if source.is_over:
        return Cell(source.get_state_display(), badge=source.state)
    share = round(Decimal(control.progress(source).share), 3)
    return Cell(f"{source.get_state_display()} {percent(share, 0)}", badge=source.state, share=share)


def refused_cell(source: Import) -> Cell:
    """What somebody has to mend catches the eye."""
    return Cell(number(source.refused), badge="refused" if source.refused else "", numeric=True)


@allow(VIEW)
@never_cache
@require_safe
def imports(request: HttpRequest) -> HttpResponse:
    """Everything that was sent; while something is under way, the table asks for itself."""
    user = person(request)
    form = ImportFilter(request.GET)
    is_narrowed = any(request.GET.values())
    may_send = may(user, SEND)
    table = Table(
        request,
        form.narrow(Import.objects.visible_to(user)).select_related("sent_by"),
        COLUMNS,
        default_sort="-sent_at",
        link=lambda each: reverse("import", args=[each.pk]),
        caption="Files, newest first",
        anchors="import",
        empty_title="No files match" if is_narrowed else "No files yet",
        empty_text="Widen the dates or empty a filter."
        if is_narrowed
        else "Send claims, remittances or staff activity, and watch them come in here.",
        empty_url=reverse("upload") if may_send and not is_narrowed else "",
        empty_action="Send files",
    )
    is_moving = any(row.cells[1].badge in MOVING for row in table.rows)
    page = {"table": table, "form": form, "words": form.in_words(), "is_moving": is_moving}
    if request.headers.get("HX-Request"):
        return render(request, "claims/_imports.html", page, status=200 if is_moving else LAST_ANSWER)
    return render(
        request,
        "claims/imports.html",
        page
        | {
            "title": "What came in?",
            "here": request.get_full_path(),
            "send_url": reverse("upload") if may_send else "",
        },
    )


MOVING = (Import.State.WAITING, Import.State.RUNNING)


# One file ------------------------------------------------------------------------------------------


@allow(VIEW)
@never_cache
@require_safe
def import_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """How far one file is, and what was wrong with it; it asks for itself until it is over."""
    user = person(request)
    source = visible_import(user, pk)
    page = state_of(source, user) | {"source": source, "here": reverse("import", args=[pk])}
    if request.headers.get("HX-Request"):
        if source.is_over:
            page |= problems_of(request, source, user)
        status = LAST_ANSWER if source.is_over else 200
        return render(request, "claims/_import_state.html", page | {"is_piece": True}, status=status)
    page |= problems_of(request, source, user) | {"title": "What came of this file?"}
    return render(request, "claims/import.html", page)


@dataclass(frozen=True)
class Tally:
    """A count with where it leads."""

    label: str
    count: int
    url: str = ""
    tone: str = ""


def state_of(source: Import, user: User) -> dict[str, Any]:
    seen = control.progress(source)
    may_send = may(user, SEND)
    return {
        "percent": round(seen.share * 100),
        "progress_words": progress_in_words(source, seen),
        "tallies": tallies(source),
        "may_pause": may_send and source.state in MOVING and not source.wish,
        "may_resume": may_send and (source.state == Import.State.PAUSED or source.wish == "pause"),
        "may_cancel": may_send
        and not source.is_over
        and source.wish != "cancel"
        and can_be_cancelled(source),
        "kind": ", ".join(kinds_in_words(source)),
        "advice": ADVICE.get(source.state, ""),
        "outcome_words": outcome_in_words(source),
        "worked": time_in_words(source.seconds) if source.seconds else "",
    }


def outcome_in_words(source: Import) -> str:
    """What a person wants to know first: did all of it come in?"""
    if source.state != Import.State.DONE:
        return ""
    if source.refused:
        return f"{number(source.refused)} refused: mend and send them again."
    if not (taken_from(source) or source.duplicates):
        return "Nothing came in: no claim, payment or action is in it."
    return "Everything in it was taken." if not source.duplicates else "Nothing was refused."


def taken_from(source: Import) -> int:
    return source.claims_stored + source.lines_stored + source.payments_stored + source.others_stored


def can_be_cancelled(source: Import) -> bool:
    """A file that is taken whole cannot be stopped half-way."""
    is_storing_whole = source.taking == Import.Taking.WHOLE and source.phase == Import.Phase.STORING
    return not (is_storing_whole and source.chunks_done)


ADVICE: dict[str, str] = {
    Import.State.REFUSED: "It is taken whole: mend in it what is listed below, and send all of it again.",
    Import.State.FAILED: "Mend the file and send it again: claims that are here already are recognised by "
    "their control number.",
    Import.State.CANCELLED: "What was stored before stays.",
}


def kinds_in_words(source: Import) -> list[str]:
    named = (source.kind or source.found_kinds).replace(",", " ").split()
    return [KINDS[FileKind(kind)] if kind in set(FileKind) else kind for kind in named]


def progress_in_words(source: Import, seen: control.Progress) -> str:
    """ "Storing · 1,250 rows a second · about 2 minutes left"."""
    if source.is_over:
        return ""
    if source.state == Import.State.WAITING:
        return "Waiting for a worker, which looks every few seconds."
    words = [seen.words]
    if seen.rate:
        words.append(f"{number(round(seen.rate))} records a second")
    if seen.seconds_left is not None:
        words.append(f"about {time_in_words(seen.seconds_left)} left")
    return " · ".join(words)


def time_in_words(seconds: float) -> str:
    """As people would say it: 40 seconds, 3 minutes, 2 hours."""
    for size, noun in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size or size == 1:
            count = max(1, round(seconds / size))
            return f"{count:,} {noun}{'' if count == 1 else 's'}"
    raise AssertionError


def tallies(source: Import) -> list[Tally]:
    here = reverse("import", args=[source.pk])
    kept = [
        Tally(
            "Claims stored", source.claims_stored, list_url("claims", source) if source.claims_stored else ""
        ),
        Tally("Lines stored", source.lines_stored),
        Tally(
            "Payments stored",
            source.payments_stored,
            list_url("remittances", source) if source.payments_stored else "",
        ),
        Tally("Acknowledgements and actions", source.others_stored),
    ]
    found = [
        Tally("Refused", source.refused, problems_url(here, Severity.ERROR, source.refused), "bad"),
        Tally("Here already", source.duplicates, problems_url(here, Severity.DUPLICATE, source.duplicates)),
        Tally("Doubts", source.warnings, problems_url(here, Severity.WARNING, source.warnings), "warning"),
    ]
    return [*(each for each in kept if each.count or each.label.startswith("Claims")), *found]


def list_url(name: str, source: Import) -> str:
    return f"{reverse(name)}?source={source.pk}"


def problems_url(here: str, severity: str, count: int) -> str:
    return f"{here}?severity={severity}#problems" if count else ""


# Holding it ----------------------------------------------------------------------------------------


def controlled(request: HttpRequest, pk: uuid.UUID, change: Callable[..., Import], said: str) -> HttpResponse:
    user = person(request)
    source = visible_import(user, pk)
    try:
        change(source, actor=user, request=request)
    except control.CannotControl as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, said)
    return redirect("import", pk=pk)


@allow(SEND)
@require_POST
def pause_import(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return controlled(request, pk, control.pause, "Paused: nothing more is stored until somebody resumes it.")


@allow(SEND)
@require_POST
def resume_import(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return controlled(request, pk, control.resume, "It goes on where it was.")


@allow(SEND)
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_import(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What is stored stays, so it asks first."""
    if request.method == "POST":
        return controlled(request, pk, control.cancel, "Cancelled. What was stored before stays.")
    source = visible_import(person(request), pk)
    return render(
        request,
        "claims/cancel_import.html",
        {"title": "Cancel this import?", "source": source, "back": reverse("import", args=[pk])},
    )
