"""The page on which people send files, each answered by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import allow, person
from accounts.models import User

from ..imports.records import Unreadable
from ..imports.uploads import SentBefore, TooLarge, UploadOptions, receive
from ..models import Import
from .forms import SendFiles

SEND = "claims.add_import"


@dataclass(frozen=True)
class Answer:
    """What became of one file: taken, here already, or refused with the reason and what mends it."""

    name: str
    status: int
    source: Import | None = None
    first: Import | None = None
    reason: str = ""


def take_in(file: UploadedFile, asked: UploadOptions, user: User, request: HttpRequest) -> Answer:
    name = file.name or "file"
    try:
        source = receive(file.file, name, asked=asked, actor=user, request=request)  # type: ignore[arg-type]
    except SentBefore as before:
        return Answer(name, 409, first=before.first)
    except TooLarge as too_large:
        return Answer(name, 413, reason=f"{too_large} Split it, or pack it with gzip or zip.")
    except Unreadable as unreadable:
        return Answer(name, 400, reason=in_words(unreadable))
    return Answer(name, 202, source=source)


def in_words(unreadable: Unreadable) -> str:
    """A refusal as a sentence: "Line 1: the header lacks …", or "The file is empty."."""
    is_about_all = unreadable.place <= 1 and not unreadable.reason.startswith("the ")
    where = "The file " if is_about_all else f"Line {unreadable.place:,}: "
    return f"{where}{unreadable.reason}."


@allow(SEND)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Send files. Each is answered by itself; upload.js sends them one by one and shows each answer alone."""
    user = person(request)
    form = SendFiles(request.POST or None, request.FILES or None, user=user, initial=usual(user))
    answers: list[Answer] = []
    if request.method == "POST" and form.is_valid():
        asked = form.options()
        answers = [take_in(file, asked, user, request) for file in form.cleaned_data["file"]]
    is_alone = bool(request.headers.get("HX-Request"))
    if len(answers) == 1 and answers[0].source and not is_alone:
        messages.success(request, f"{answers[0].name} is here and will be read now.")
        return redirect("import", pk=answers[0].source.pk)
    page = {
        "title": "What do you want to send?",
        "form": form,
        "answers": answers,
        "most_megabytes": settings.IMPORT_MAX_BYTES // 1_000_000,
    }
    template = "claims/_upload_answers.html" if is_alone else "claims/upload.html"
    return render(request, template, page, status=status_of(request, answers))


def usual(user: User) -> dict[str, Any]:
    """Whoever has one department sends for that one."""
    departments = list(user.departments.filter(is_active=True)[:2])
    return {"department": departments[0]} if len(departments) == 1 else {}


def status_of(request: HttpRequest, answers: list[Answer]) -> int:
    """That of the one file, or of the page when there are several."""
    if request.method != "POST":
        return 200
    taken = [each for each in answers if each.source]
    return 200 if taken else min((each.status for each in answers), default=400)
