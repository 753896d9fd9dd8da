"""The tags of a claim on its page, and the form that puts one on it."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.access import may
from accounts.models import User, one_plain_line

from ..models import Claim, Tag
from ..models.tags import LONGEST_TAG
from .step_forms import WORK


class PutTag(forms.Form):
    tag = forms.CharField(
        label="Tag",
        max_length=LONGEST_TAG,
        validators=[one_plain_line],
        help_text="A word that lists can ask for; nothing about the patient.",
        widget=forms.TextInput(attrs={"list": "known-tags", "autocomplete": "off"}),
    )

    def __init__(self, asked: Any = None) -> None:
        super().__init__(asked, auto_id="put_%s")


def tags_of(claim: Claim, user: User) -> dict[str, Any]:
    here = list(claim.tags.select_related("tag"))
    if not may(user, WORK):
        return {"here": here}
    known = Tag.objects.exclude(pk__in=[each.tag_id for each in here]).values_list("name", flat=True)
    return {"here": here, "form": PutTag(), "known": list(known[:200])}
