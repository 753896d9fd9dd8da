"""Pages about oneself, joining the team, and the audit trail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC

from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from rcm_site.spreadsheets import stream_csv
from rcm_site.tables import Cell, Column, Table

from . import audit, people
from .access import allow, allow_anyone, allow_signed_in, person
from .forms import AuditFilter, ProfileForm
from .models import AuditEntry, AuditSeal, User


@allow_signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        # The form has already changed request.user in memory: what is saved must be compared with the row.
        fresh = User.objects.get(pk=person(request).pk)
        people.update_profile(user=fresh, changes=form.cleaned_data, request=request)
        messages.success(request, "Your profile is saved.")
        return redirect("profile")
    return render(request, "accounts/profile.html", {"title": "Who are you here?", "form": form})


@allow_anyone
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a password and so join."""
    user = people.invited_by_token(token)
    if user is None:
        return render(request, "accounts/invitation.html", {"validlink": False}, status=410)
    form = SetPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        people.accept_invitation(user=user, password=form.cleaned_data["new_password1"], request=request)
        messages.success(request, "Welcome. Sign in with your e-mail and the password you just chose.")
        return redirect("account_login")
    return render(request, "accounts/invitation.html", {"validlink": True, "form": form, "invited": user})


# The audit trail -----------------------------------------------------------------------------------


def _shown_at(entry: AuditEntry) -> str:
    return f"{timezone.localtime(entry.at):%-d %b %Y, %H:%M:%S}"


def _subject(entry: AuditEntry) -> str:
    kind = entry.subject_type.rpartition(".")[2]
    return f"{kind} {entry.subject_name or entry.subject_id}".strip()


AUDIT_COLUMNS = [
    Column("at", "When", _shown_at, sort="id"),
    Column("person", "Who", lambda entry: entry.actor_name or "–"),
    Column("action", "What", lambda entry: entry.action),
    Column("outcome", "Outcome", lambda entry: Cell(entry.get_outcome_display(), badge=entry.outcome)),
    Column("subject", "Subject", lambda entry: _subject(entry) or "–"),
    Column("address", "From", lambda entry: entry.address or "–"),
    Column("details", "Details", lambda entry: _details(entry) or "–"),
]


def _details(entry: AuditEntry) -> str:
    """Details in words; a changed field as old → new, or its name alone where its values stay out."""
    words = []
    for name, value in entry.details.items():
        if name == "changes":
            words += [
                f"{field}: {was[0]} → {was[1]}" if was else f"{field} changed" for field, was in value.items()
            ]
        elif value not in ("", None, {}, False):
            words.append(f"{name}: {value}")
    return "; ".join(words)


@allow("accounts.read_audit_trail")
@require_safe
def audit_trail(request: HttpRequest) -> HttpResponse:
    form = AuditFilter(request.GET)
    table = Table(
        request,
        form.narrow(AuditEntry.objects.all()),
        AUDIT_COLUMNS,
        default_sort="-at",
        link=lambda entry: reverse("audit_entry", args=[entry.pk]),
        caption="Audit entries, newest first",
        empty_title="No entries match",
        empty_text="Widen the dates or empty a filter.",
    )
    audit.record(request.user, "audit.read", request=request, rows=len(table.rows))
    return render(
        request,
        "accounts/audit_trail.html",
        {
            "title": "Who did what, when and from where?",
            "form": form,
            "table": table,
            "words": form.in_words(),
            "export_url": f"{reverse('audit_export')}?{request.GET.urlencode()}",
        },
    )


EXPORT_HEADINGS = [
    "Entry", "When (UTC)", "Who", "What", "Outcome", "Subject type", "Subject", "From", "Request", "Details",
]  # fmt: skip


@allow("accounts.read_audit_trail")
@require_safe
def audit_export(request: HttpRequest) -> StreamingHttpResponse | HttpResponse:
    form = AuditFilter(request.GET)
    entries = form.narrow(AuditEntry.objects.all())
    if not form.is_valid():
        return render(request, "400.html", {"form": form}, status=400)
    audit.record(request.user, "audit.exported", request=request, filters=form.in_words())
    return stream_csv("audit-trail", EXPORT_HEADINGS, _export_rows(entries))


def _export_rows(entries: QuerySet[AuditEntry]) -> Iterator[list[object]]:
    for entry in entries.order_by("id").iterator(chunk_size=2_000):
        yield [
            entry.pk,
            entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
            entry.actor_name,
            entry.action,
            entry.outcome,
            entry.subject_type,
            entry.subject_name or entry.subject_id,
            entry.address,
            entry.request_id,
            _details(entry),
        ]


@allow("accounts.read_audit_trail")
@require_safe
def audit_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry with everything that was written down."""
    entry = get_object_or_404(AuditEntry, pk=pk)
    seal = AuditSeal.objects.filter(entry_id=pk).first()
    audit.record(request.user, "audit.read", request=request, entry=pk)
    return render(
        request,
        "accounts/audit_entry.html",
        {
            "title": f"What happened in entry {pk}?",
            "entry": entry,
            "seal": seal,
            "details": json.dumps(entry.details, indent=2, ensure_ascii=False),
        },
    )
