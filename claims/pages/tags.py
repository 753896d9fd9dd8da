"""Putting a tag on a claim, and taking it off."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.access import allow, person

from .. import tagging
from ..models import Tag
from .claims import visible_claim
from .step_forms import WORK
from .tags_of import PutTag
from .worth import way_to


@allow(WORK)
@require_POST
def put_tag(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    claim, form = visible_claim(request, pk), PutTag(request.POST)
    if form.is_valid():
        tag = tagging.tag_named(form.cleaned_data["tag"])
        tagging.put_on(claim, tag, actor=person(request), request=request)
        messages.success(request, f"{claim} has the tag “{tag}” now.")
    else:
        messages.error(request, f"Nothing was changed. {form.errors['tag'][0]}")
    return redirect(way_to(request, pk, "#tags"))


@allow(WORK)
@require_POST
def take_tag_off(request: HttpRequest, pk: uuid.UUID, tag: int) -> HttpResponse:
    claim, found = visible_claim(request, pk), Tag.objects.filter(pk=tag).first()
    if found is None:
        raise Http404
    tagging.take_off(claim, found, actor=person(request), request=request)
    messages.success(request, f"{claim} has the tag “{found}” no more.")
    return redirect(way_to(request, pk, "#tags"))
