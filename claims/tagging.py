"""Putting words on claims, and taking them off again."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts import audit
from accounts.models import User

from .models import Claim, ClaimTag, Tag


def tag_named(name: str) -> Tag:
    """The tag that is written like this, whatever its capitals; a new one if there is none."""
    name = " ".join(name.split())
    if found := Tag.objects.filter(name__iexact=name).first():
        return found
    try:
        with transaction.atomic():
            return Tag.objects.create(name=name)
    except IntegrityError:  # somebody else thought of it at the same moment
        return Tag.objects.get(name__iexact=name)


@transaction.atomic
def put_on(claim: Claim, tag: Tag, *, actor: User, request: HttpRequest | None = None) -> bool:
    """Whether it was not there yet."""
    _, is_new = ClaimTag.objects.get_or_create(claim=claim, tag=tag, defaults={"put_by": actor})
    if is_new:
        audit.record(actor, "claim.tagged", claim, request=request, tag=tag.pk)
    return is_new


@transaction.atomic
def take_off(claim: Claim, tag: Tag, *, actor: User, request: HttpRequest | None = None) -> None:
    if ClaimTag.objects.filter(claim=claim, tag=tag).delete()[0]:
        audit.record(actor, "claim.untagged", claim, request=request, tag=tag.pk)
