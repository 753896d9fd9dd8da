"""Documents on a claim's page: sending, fetching and removing them."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import allow, may, person
from accounts.models import User

from .. import attachments as documents
from ..documents import NotTaken
from ..models import Attachment, Claim
from .forms import FilesField
from .tasks import WORK, refuse
from .worth import way_to


class AttachFiles(forms.Form):
    file = FilesField(label="Documents", help_text="PDF, PNG, JPEG, TIFF or plain text, up to 10 MB each")


def attachments_of(claim: Claim, user: User) -> dict[str, Any] | None:
    """What its page shows of a claim's documents; nothing to whoever works without patients."""
    if not may(user, WORK) or user.phi_masked:
        return None
    rows = Attachment.objects.kept().filter(claim=claim).select_related("added_by")
    return {"rows": rows[: documents.MOST], "form": AttachFiles(), "url": reverse("attach", args=[claim.pk])}


@allow(WORK)
@require_POST
def attach(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Each document is answered by itself: one that is refused does not keep the others out."""
    user = person(request)
    claim = Claim.objects.visible_to(user).filter(pk=pk).first()
    if claim is None or user.phi_masked:
        refuse(request, "attachment.added", asked_for=str(pk))
    form = AttachFiles(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, "Choose at least one document.")
    for place, file in enumerate(form.cleaned_data.get("file", []) if form.is_valid() else [], 1):
        try:
            documents.attach(claim, file.file, file.name or "", actor=user, request=request)
        except NotTaken as why:
            messages.error(request, f"Document {place} was not taken. {why}")
        else:
            messages.success(request, f"Document {place} is kept with the claim.")
    return back_to(request, claim.pk)


def back_to(request: HttpRequest, claim: uuid.UUID) -> HttpResponse:
    return redirect(way_to(request, claim, "#documents"))


def visible_attachment(request: HttpRequest, pk: uuid.UUID, action: str) -> Attachment:
    visible = Attachment.objects.visible_to(person(request)).kept()
    return visible.filter(pk=pk).first() or refuse(request, action, asked_for=str(pk))


@allow(WORK)
@never_cache
@require_safe
def attachment(request: HttpRequest, pk: uuid.UUID) -> StreamingHttpResponse:
    """The document as a file to be saved: no browser shows it here, and nothing in it can run."""
    found = visible_attachment(request, pk, "attachment.read")
    return StreamingHttpResponse(
        documents.hand_out(found, actor=person(request), request=request),
        content_type=documents.CONTENT_TYPES[found.kind],
        headers={
            "Content-Disposition": content_disposition_header(True, found.name) or "attachment",
            "Content-Length": str(found.size),
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        },
    )


@allow(WORK)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def remove_attachment(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Its content is deleted for good, so it asks first."""
    found = visible_attachment(request, pk, "attachment.removed")
    if request.method == "POST":
        if documents.remove(found, actor=person(request), request=request):
            messages.success(request, "The document is removed.")
        return back_to(request, found.claim_id)
    page = {
        "title": "Remove this document?",
        "text": f"{found.name} is deleted for good. Who had it here and removed it stays written down.",
        "action": request.path,
        "verb": "Remove it",
        "cancel_url": way_to(request, found.claim_id, "#documents"),
    }
    return render(request, "claims/remove_attachment.html", page)
