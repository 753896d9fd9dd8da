"""Widgets that the site writes itself are what Django's own templates write, whatever is filled in."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe

from rcm_site.forms import DRAWN, SiteFormRenderer

HOSTILE = "\"><script>alert('&')</script>\n"
CHOICES = [("", "Choose …"), ("a", "Ägypten & Co"), ("Group <b>", [(1, "One"), (2, HOSTILE)])]
VALUES = [None, "", HOSTILE, 0, "a", 2, date(2026, 11, 22), mark_safe("&amp;")]
WIDGETS = [
    forms.TextInput({"maxlength": 80, "list": HOSTILE, "required": True, "hidden": False}),
    forms.NumberInput({"min": 0, "step": "0.01"}),
    forms.EmailInput(),
    forms.URLInput(),
    forms.PasswordInput(render_value=True),
    forms.HiddenInput(),
    forms.DateInput({"type": "date"}),
    forms.DateTimeInput(),
    forms.TimeInput(),
    forms.Textarea({"rows": 2}),
    forms.Select({"required": True}, CHOICES),
    forms.SelectMultiple({}, CHOICES),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_a_widget_is_written_as_django_writes_it(widget: forms.Widget, value: Any) -> None:
    assert widget.template_name in DRAWN
    written: list[str] = [
        widget.render("name<", value, {"id": "id_name"}, renderer=each)
        for each in (SiteFormRenderer(), DjangoTemplates())
    ]
    if isinstance(widget, forms.Select):  # whose lines alone begin elsewhere
        written = [re.sub(r">\s+<", "><", each) for each in written]
    assert written[0] == written[1]
