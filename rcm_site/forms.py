"""How every form of the site is drawn: `{{ form }}` and `{{ field.as_field_group }}` give our own markup.

What a page has dozens of is written in Python, as rows are (rcm_site/templatetags/rows.py): the template
engine takes many times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest

from .templatetags.rows import attributes, options, text

Widget = Mapping[str, Any]


class SiteFormRenderer(TemplatesSetting):
    form_template_name = "_form.html"
    field_template_name = "_field.html"

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        draw = DRAWN.get(template_name)
        return draw(context["widget"]) if draw else super().render(template_name, context, request)


def input_(widget: Widget) -> str:
    value = "" if widget["value"] is None else f' value="{text(widget["value"])}"'
    start = f'<input type="{text(widget["type"])}" name="{text(widget["name"])}"'
    return f"{start}{value}{attributes(widget['attrs'])}>"


def textarea(widget: Widget) -> str:
    # A browser drops one line's end after the tag; what was written may begin with one of its own.
    return (
        f'<textarea name="{text(widget["name"])}"{attributes(widget["attrs"])}>\n'
        f"{text(widget['value'] or '')}</textarea>"
    )


def select(widget: Widget) -> str:
    return (
        f'<select name="{text(widget["name"])}"{attributes(widget["attrs"])}>\n{options(widget)}\n</select>'
    )


# By the template that Django's own widgets have.
INPUTS = ("text", "number", "email", "url", "password", "hidden", "date", "datetime", "time")
DRAWN: dict[str, Callable[[Widget], str]] = {
    **{f"django/forms/widgets/{each}.html": input_ for each in INPUTS},
    "django/forms/widgets/textarea.html": textarea,
    "django/forms/widgets/select.html": select,
}
