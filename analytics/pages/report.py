"""What every report page does: read the question in its address, answer it, hand its parts out as files.

A page is one function from a `Question` to what its template shows; `answer` does the rest. Whatever it shows
as a `Chart` or a `Table` with a key and an export address (`part_url`) can be had as a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import push_url

from accounts import audit
from accounts.access import may, person
from accounts.models import Department, User
from claims.models import Claim, Payer
from rcm_site.charts import Chart
from rcm_site.spreadsheets import Sheet, export, of_table
from rcm_site.tables import Table

from ..facts.caching import one_answer
from ..facts.totals import is_catching_up
from ..names import names_of
from ..periods import LABELS, NAMED
from ..questions import CHOSEN, COMPARED, FILTERS, PARAMETERS, Question, WrongQuestion, ask

EXPORTING = ("export", "format")
FIXED_CHOICES = ("period", "compare")
NOT_IN_LIST = "Choose one of the list."  # the API names the words that an address takes
NOTHING_FIXED: Mapping[str, str] = MappingProxyType({})


class QuestionForm(forms.Form):
    """The bar of filters under a report's title; `ask` reads what it sends."""

    period = forms.ChoiceField(choices=[*((name, LABELS[name]) for name in NAMED), (CHOSEN, "Days …")])
    start = forms.CharField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    end = forms.CharField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))
    compare = forms.ChoiceField(choices=[*COMPARED.items()], label="Compare with")
    payer = forms.ChoiceField(required=False)
    department = forms.ChoiceField(required=False)

    def __init__(
        self,
        asked: Mapping[str, str],
        user: User,
        problems: Mapping[str, list[str]],
        about: Mapping[str, str] = NOTHING_FIXED,
    ) -> None:
        shown = {"period": user.default_period, "compare": "previous", **asked}
        if {"start", "end"} & asked.keys():
            shown["period"] = CHOSEN
        super().__init__(shown)
        self.problems = problems
        self.fields["payer"].choices = [("", "All"), *choices(names_of(Payer))]  # type: ignore[attr-defined]
        departments = names(Department.objects.visible_to(user))
        self.fields["department"].choices = [("", "All"), *departments]  # type: ignore[attr-defined]
        for name in set(FILTERS) - set(self.fields):
            if name in asked:
                self.fields[name] = forms.CharField(required=False, widget=forms.HiddenInput)
        for name in about:
            self.fields.pop(name, None)

    def full_clean(self) -> None:
        """Says what `ask` found: it has read all of it already."""
        self._errors = ErrorDict()
        self.cleaned_data = {}
        for name, messages in self.problems.items():
            self._errors[name] = self.error_class([NOT_IN_LIST] if name in FIXED_CHOICES else messages)

    def untold(self, *, is_in_place: bool) -> list[tuple[str, str]]:
        """What no field of the bar says: nothing has one when an answer is put in place below the bar."""
        shown = () if is_in_place else {field.name for field in self.visible_fields()}
        return [
            (str((name in self.fields and self.fields[name].label) or name), str(messages[0]))
            for name, messages in self.errors.items()
            if name not in shown
        ]


def names(rows: Any) -> list[tuple[str, str]]:
    return choices(dict(rows.order_by("name").values_list("pk", "name")))


def choices(names: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in names.items()]


def answer(
    request: HttpRequest,
    template: str,
    build: Callable[[Question], dict[str, Any]],
    *,
    title: str,
    about: Mapping[str, str] = NOTHING_FIXED,
) -> HttpResponseBase:
    """The page that `build` fills, or a part of it as a file; or what is wrong with the question.

    `about` is asked by the page itself, whatever its address says: one payer's page is about that payer.
    """
    user = person(request)
    asked = {**given(request), **about}
    try:
        question = ask(user, asked, today=timezone.localdate())
    except WrongQuestion as wrong:
        form = QuestionForm(asked, user, wrong.problems, about)
        untold = form.untold(is_in_place="HX-Request" in request.headers)
        return render(request, template, {"title": title, "form": form, "problems": untold})
    with one_answer():
        shown = {"title": title} | build(question)
        if "format" in request.GET:
            return hand_out(request, question, shown)
        frame = {
            "form": QuestionForm(question.asked, user, {}, about),
            "question": question,
            "words": question.words,
            "chips": chips(request, question, about),
            "has_claims": Claim.objects.visible_to(user).exists(),
            "send_url": reverse("upload") if may(user, "claims.add_import") else "",
            "is_catching_up": is_catching_up(),
        }
    return in_history_once(request, render(request, template, frame | shown))


def in_history_once(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """*Apply* pressed after a filter applied itself asks the same: *Back* leads to the question before."""
    if request.headers.get("HX-Current-URL") == request.build_absolute_uri():
        push_url(response, False)
    return response


def given(request: HttpRequest) -> dict[str, str]:
    """What the address asks. A form sends the days along that it hides while a named period is chosen."""
    asked = {name: request.GET[name].strip() for name in PARAMETERS if request.GET.get(name, "").strip()}
    if asked.get("period", CHOSEN) != CHOSEN:
        asked.pop("start", None)
        asked.pop("end", None)
    return asked


def chips(request: HttpRequest, question: Question, about: Mapping[str, str]) -> list[tuple[str, str]]:
    """The filters that have no field in the bar: in words, and the address without each."""
    found = []
    for name, words in question.filtered.items():
        if name not in QuestionForm.base_fields and name not in about:
            query = request.GET.copy()
            del query[name]
            found.append((words, f"{request.path}?{query.urlencode()}"))
    return found


# Files ---------------------------------------------------------------------------------------------


def part_url(request: HttpRequest, key: str) -> str:
    """Where a chart or a table of this page is had as a file."""
    query = request.GET.copy()
    for name in EXPORTING:
        query.pop(name, None)
    query["export"] = key
    return f"{request.path}?{query.urlencode()}"


def hand_out(request: HttpRequest, question: Question, shown: Mapping[str, Any]) -> HttpResponseBase:
    """The chart or table that was asked for, written into the audit trail before its first byte leaves."""
    key = request.GET.get("export", "")
    offered = part_url(request, key)
    part = next((each for each in parts(shown) if (key_of(each), address_of(each)) == (key, offered)), None)
    if part is None:
        raise Http404
    user, page = person(request), audit.page_of(request)
    kind = request.GET["format"]
    if isinstance(part, Chart):
        headings, rows = part.numbers.headings, part.numbers.rows
    else:
        headings, rows = of_table(part.shown, part.ordered())  # type: ignore[assignment]
    name = f"{page}-{key}-{question.period.start}-to-{question.period.end}"
    sheet = Sheet(about=about(part, question, str(shown["title"]), user))
    response = export(kind, name.replace("_", "-"), headings, rows, sheet)
    filters = sorted(question.asked)
    audit.record(user, "report.exported", request=request, page=page, part=key, kind=kind, filters=filters)
    return response


def about(part: Chart | Table, question: Question, title: str, user: User) -> list[tuple[str, object]]:
    """What an Excel file of it says of itself."""
    return [
        ("Page", title),
        ("What", part.about.title if isinstance(part, Chart) else part.caption),
        ("Filters", question.words),
        ("Made", timezone.now()),
        ("For", user.name or user.email),
    ]


def parts(shown: Mapping[str, Any]) -> Iterator[Chart | Table]:
    for value in shown.values():
        for each in value if isinstance(value, list | tuple) else [value]:
            if isinstance(each, Chart | Table):
                yield each


def key_of(part: Chart | Table) -> str:
    return part.about.key if isinstance(part, Chart) else part.key


def address_of(part: Chart | Table) -> str:
    """Where it is had as a file; a table without stays on its page."""
    return part.about.export_url if isinstance(part, Chart) else part.export_url
