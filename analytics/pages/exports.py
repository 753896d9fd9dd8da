"""Taking lists out as files: short ones at once, long ones on a page that tells when they are there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import audit
from accounts.access import allow, person
from claims.lists import Listing
from rcm_site.spreadsheets import CONTENT_TYPES
from rcm_site.spreadsheets import export as stream
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, moment, number, percent, unbroken

from ..exports import asking, handing_over, kinds, making
from ..exports.asking import MOST_OF_ONE, TooMany
from ..exports.handing_over import NotKept
from ..exports.kinds import KINDS, WrongExport
from ..models import Export

VIEW = "claims.view_claim"
ROWS_AT_ONCE = 5_000  # as many are handed over at once: it takes a page's time; more are a worker's
LAST_ANSWER = 286  # htmx swaps it in and asks no more


# All of one's own ----------------------------------------------------------------------------------

COLUMNS = [
    Column("words", "What", lambda each: f"{KINDS[each.kind].label}: {each.words}"),
    Column("state", "State", lambda each: state_of(each)),
    Column("outcome", "What came of it", lambda each: outcome(each)),
    Column("next", "What to do", lambda each: next_step(each)),
    Column("asked", "Asked for", lambda each: unbroken(moment(each.asked_at))),
    Column("until", "Kept until", lambda each: kept_until(each)),
]


def state_of(export: Export) -> Cell:
    """The state, and how far a file is that is being made."""
    if export.state != Export.State.RUNNING or not export.rows_expected:
        return Cell(export.get_state_display(), badge=export.state)
    share = round(Decimal(export.rows_written) / export.rows_expected, 3)
    return Cell(f"Running {percent(share, 0)}", badge=export.state, share=share)


def outcome(export: Export) -> str:
    match export.state:
        case Export.State.DONE:
            kind = export.get_format_display()
            return f"{kind}, {number(export.rows_written)} rows, {filesizeformat(export.size)}"
        case Export.State.RUNNING if export.is_held(timezone.now()):
            if export.rows_expected is None:
                return "Being made"
            return f"{number(export.rows_written)} of {number(export.rows_expected)} rows"
        case Export.State.WAITING:
            return waits()
        case Export.State.RUNNING:
            return f"Broken off. {waits()}"
    return export.reason or NOTHING


def waits() -> str:
    if making.has_worker(timezone.now()):
        return "Waits for a worker"
    return "No worker answers: it is made as soon as one does"


def kept_until(export: Export) -> str:
    if export.kept_until is None:
        return NOTHING
    return unbroken(moment(export.kept_until)) if handing_over.is_kept(export, timezone.now()) else "Gone"


def next_step(export: Export) -> Cell:
    if not export.is_over:
        return Cell("Cancel…", url=reverse("cancel_export", args=[export.pk]))
    if handing_over.is_kept(export, timezone.now()):
        return Cell("Download", url=reverse("export_file", args=[export.pk]))
    return Cell("Ask again", url=asking_url(export)) if KINDS[export.kind].is_list else Cell(NOTHING)


def asking_url(export: Export) -> str:
    query = urlencode({**asking.parameters(export), "format": export.format})
    return f"{reverse('take_out', args=[export.kind])}?{query}"


@allow(VIEW)
@never_cache
@require_safe
def exports(request: HttpRequest) -> HttpResponse:
    """While a file is being made, the table asks for itself."""
    table = Table(
        request,
        Export.objects.visible_to(person(request)).order_by("-asked_at"),
        COLUMNS,
        caption="Files, newest first",
        anchors="export",
        link=lambda each: (
            reverse("export_file", args=[each.pk]) if handing_over.is_kept(each, timezone.now()) else None
        ),
        empty_title="No files yet",
        empty_text="Under each list stand links to have it as CSV or for Excel. "
        f"Up to {ROWS_AT_ONCE:,} rows come at once; longer files are made here, and stay for a day.",
        empty_url=reverse("claims"),
        empty_action="Go to the claims",
    )
    is_moving = any(row.cells[1].badge in MOVING for row in table.rows)
    page = {"table": table, "is_moving": is_moving}
    if request.headers.get("HX-Request"):
        return render(request, "_table.html", page, status=200 if is_moving else LAST_ANSWER)
    lead = (
        f"Files of more than {ROWS_AT_ONCE:,} rows, made for you alone and kept for a day. "
        "Shorter ones came at once; all of them stand in the audit trail."
    )
    frame = {"title": "What have I taken out?", "lead": lead, "here": request.get_full_path()}
    return render(request, "analytics/exports.html", page | frame)


MOVING = (Export.State.WAITING, Export.State.RUNNING)


# Asking --------------------------------------------------------------------------------------------


@allow(VIEW)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_out(request: HttpRequest, kind: str) -> HttpResponseBase:
    """A list as a file, narrowed as its page was; whoever wants a long one says so once more."""
    user = person(request)
    if kind not in KINDS or not KINDS[kind].is_list:
        raise Http404
    if kind not in kinds.kinds_for(user):
        audit.record(user, "export.asked", request=request, outcome="refused", kind=kind)
        raise PermissionDenied
    file_format = request.GET.get("format", "csv")
    if file_format not in CONTENT_TYPES:
        raise BadRequest(f"An export is one of {', '.join(CONTENT_TYPES)}.")
    try:
        if request.method == "POST":
            return order(request, kind, file_format)
        listing = kinds.listed(user, kind, asked(request, kind), timezone.localdate())
        return at_once(request, kind, file_format, listing) or confirm(request, kind, listing)
    except WrongExport as wrong:
        return render(
            request,
            "analytics/wrong_export.html",
            {"title": "This cannot be taken out as it stands", "problems": wrong.problems},
            status=400,
        )


def asked(request: HttpRequest, kind: str) -> dict[str, str]:
    """What the list's page was asked, without what only its table needs."""
    return {name: request.GET[name] for name in KINDS[kind].parameters if request.GET.get(name)}


def at_once(request: HttpRequest, kind: str, file_format: str, listing: Listing) -> HttpResponseBase | None:
    """The file, unless it is a long one; written into the audit trail before its first byte leaves."""
    user, now = person(request), timezone.now()
    keys = listing.keys(ROWS_AT_ONCE + 1)
    if len(keys) > ROWS_AT_ONCE:
        return None
    audit.record(
        user,
        f"{listing.noun}.exported",
        request=request,
        page=audit.page_of(request),
        kind=kind,
        format=file_format,
        filters=sorted(asked(request, kind)),
        rows=len(keys),
        patients=listing.has_patients,
    )
    sheet = kinds.sheet_of(user, listing, len(keys), now)
    name = f"{listing.noun}-{timezone.localtime(now):%Y-%m-%d-%H%M}"
    return stream(file_format, name, listing.headings, listing.rows(keys), sheet, listing.says)


def confirm(request: HttpRequest, kind: str, listing: Listing) -> HttpResponse:
    return render(
        request,
        "analytics/take_out.html",
        {
            "title": "Have this file made?",
            "lead": f"{KINDS[kind].label}: {listing.words}",
            "text": f"It has more than {ROWS_AT_ONCE:,} rows, so it is made in the background. "
            "You find it under Exports, for a day; nobody else can fetch it.",
            "action": request.get_full_path(),
            "back": back_to_list(request, kind),
        },
    )


def back_to_list(request: HttpRequest, kind: str) -> str:
    query = asked(request, kind)
    if kind == "kpi":
        return f"{reverse('kpi', args=[query.pop('kpi')])}?{urlencode(query)}"
    return f"{reverse(kind)}?{urlencode(query)}"


def order(request: HttpRequest, kind: str, file_format: str) -> HttpResponse:
    try:
        asking.ask_for(person(request), kind, file_format, asked(request, kind), request)
    except TooMany:
        messages.error(
            request,
            f"You wait for {MOST_OF_ONE} files already, which is as many as one person can: everybody's are "
            "made one after the other. Cancel one, or wait.",
        )
    else:
        messages.success(request, "Your file is being made: it stands here as soon as it is there.")
    return redirect("exports")


# One of them ---------------------------------------------------------------------------------------


def own(request: HttpRequest, pk: uuid.UUID) -> Export:
    """Somebody else's is as unknown as one that does not exist; each vain look is audited."""
    user = person(request)
    export = Export.objects.visible_to(user).filter(pk=pk).first()
    if export is None:
        audit.record(user, "export.taken", request=request, outcome="failed", asked_for=str(pk))
        raise Http404
    return export


@allow(VIEW)
@never_cache
@require_safe
def export_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    export = own(request, pk)
    try:
        content = handing_over.hand_over(export, now=timezone.now(), request=request)
    except NotKept as reason:
        messages.error(request, str(reason))
        return redirect("exports")
    return file_response(export, content)


def file_response(export: Export, content: Iterator[bytes]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        content,
        content_type=kinds.CONTENT_TYPES[export.format],
        headers={
            "Content-Disposition": f'attachment; filename="{handing_over.file_name(export)}"',
            "Content-Length": str(export.size),
            "Cache-Control": "no-store",
        },
    )


@allow(VIEW)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_export(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What was written of it is deleted, so it asks first."""
    export = own(request, pk)
    if request.method == "POST":
        if asking.cancel(export, actor=person(request), request=request):
            messages.success(request, "Cancelled: nothing of the file is kept.")
        else:
            messages.info(request, "It was over already.")
        return redirect("exports")
    return render(request, "analytics/cancel_export.html", {"title": "Cancel this file?", "export": export})
