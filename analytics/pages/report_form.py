"""The builder's form: what people tick and choose, as the definition of a report and back again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.http import QueryDict

from accounts.access import may
from accounts.models import Department, User
from claims.models import Claim, Payer

from ..catalogue import Kpi, Topic
from ..kpis import KPIS
from ..periods import LABELS, NAMED
from ..questions import CHOSEN, COMPARED, FILTERS
from ..reports.asking import NUMBERS
from ..reports.dimensions import DIMENSIONS
from .report import names

GROUPS = ("group_1", "group_2")
DAYS = ("start", "end")
SELDOM = ("provider", "kind", "category", "procedure", "reason", "remark")


class Builder(forms.Form):
    """Everything of a report but who sees it; `asking.read` says what is wrong with it."""

    name = forms.CharField(max_length=100, required=False, label="Name")
    kpis = forms.MultipleChoiceField(required=False, label="KPIs", widget=forms.CheckboxSelectMultiple)
    measures = forms.MultipleChoiceField(
        required=False, label="Counts and sums", widget=forms.CheckboxSelectMultiple
    )
    group_1 = forms.ChoiceField(required=False, label="First by")
    group_2 = forms.ChoiceField(required=False, label="Then by")
    chart = forms.BooleanField(required=False, label="Draw a chart")
    period = forms.ChoiceField(choices=[*((name, LABELS[name]) for name in NAMED), (CHOSEN, "Days …")])
    start = forms.CharField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    end = forms.CharField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))
    compare = forms.ChoiceField(required=False, label="Compare with")
    payer = forms.ChoiceField(required=False)
    department = forms.ChoiceField(required=False)
    provider = forms.CharField(required=False, max_length=10, label="Provider", help_text="The NPI")
    kind = forms.ChoiceField(required=False)
    category = forms.ChoiceField(required=False, label="Denied for")
    procedure = forms.CharField(required=False, max_length=20, help_text="Such as 99214")
    reason = forms.CharField(required=False, max_length=8, help_text="Such as CO-16")
    remark = forms.CharField(required=False, max_length=7, help_text="Such as N382")

    def __init__(self, user: User, asked: Mapping[str, Any], problems: Mapping[str, list[str]]) -> None:
        super().__init__(asked)
        self.user, self.problems = user, problems
        choices = {
            "kpis": [(key, each.label) for key, each in KPIS.items()],
            "measures": [(key, each.label) for key, each in NUMBERS.items()],
            "group_1": [("", "Nothing"), *groups_for(user)],
            "group_2": [("", "Nothing more"), *groups_for(user)],
            "compare": [("none", COMPARED["none"]), *((k, v) for k, v in COMPARED.items() if k != "none")],
            "payer": [("", "All payers"), *names(Payer.objects.all())],
            "department": [("", "All departments"), *names(Department.objects.visible_to(user))],
            "kind": [("", "All kinds"), *Claim.Kind.choices],
            "category": [("", "Anything"), *((k, v) for k, v in Claim.Category.choices if k)],
        }
        for name, found in choices.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]

    def full_clean(self) -> None:
        """Says what was found: another has read all of it already."""
        self._errors = ErrorDict()
        self.cleaned_data = {}
        for path, messages in self.problems.items():
            name = field_of(path)
            self._errors.setdefault(name, self.error_class()).extend(messages)

    # As its template shows it -----------------------------------------------------------------------

    @property
    def topics(self) -> Iterator[Topics]:
        """The KPIs by topic, each with its definition."""
        chosen = set(self["kpis"].value() or [])
        for topic in Topic:
            of_it = [each for each in KPIS.values() if each.topic == topic]
            yield Topics(str(topic), [choice(each, each.key in chosen) for each in of_it])

    @property
    def sums(self) -> list[Choice]:
        chosen = set(self["measures"].value() or [])
        return [choice(each, key in chosen) for key, each in NUMBERS.items()]

    @property
    def seldom(self) -> list[forms.BoundField]:
        return [self[name] for name in SELDOM]

    @property
    def has_seldom(self) -> bool:
        return any(field.value() or field.errors for field in self.seldom)


@dataclass(frozen=True)
class Choice:
    key: str
    label: str
    definition: str
    is_chosen: bool


@dataclass(frozen=True)
class Topics:
    label: str
    choices: list[Choice]

    @property
    def chosen(self) -> int:
        return sum(each.is_chosen for each in self.choices)


def choice(number: Kpi, is_chosen: bool) -> Choice:
    return Choice(number.key, number.label, number.definition, is_chosen)


def groups_for(user: User) -> list[tuple[str, str]]:
    allowed = [each for each in DIMENSIONS.values() if not each.access or may(user, each.access)]
    return [(each.key, each.label) for each in allowed]


def field_of(path: str) -> str:
    """Which field a problem of the definition is shown at."""
    if path.startswith("group_by"):
        return "group_2" if path == "group_by[1]" else "group_1"
    name = path.removeprefix("filters.").partition("[")[0]
    return name if name in Builder.base_fields else "name"


# A form's words and a definition --------------------------------------------------------------------


def definition_of(asked: QueryDict) -> dict[str, Any]:
    """What a filled-in form asks. Lines go over time and bars compare, so nobody has to choose."""
    groups = [text for name in GROUPS if (text := asked.get(name, ""))]
    found: dict[str, Any] = {
        "kpis": asked.getlist("kpis"),
        "measures": asked.getlist("measures"),
        "group_by": groups,
        "filters": {name: text for name in FILTERS if (text := asked.get(name, "").strip())},
        "compare": asked.get("compare") or "none",
        "chart": chart_of(groups) if asked.get("chart") else "none",
    }
    names = DAYS if asked.get("period") == CHOSEN else ("period",)
    found |= {name: text for name in names if (text := asked.get(name, "").strip())}
    if names == DAYS and not found.keys() & {*DAYS}:
        found["period"] = CHOSEN  # of which the days are missing
    return found


def chart_of(groups: list[str]) -> str:
    known = [DIMENSIONS[each] for each in groups if each in DIMENSIONS]
    return "none" if not known else "line" if any(each.is_time for each in known) else "bar"


def filled_in(definition: Mapping[str, Any], name: str, user: User) -> QueryDict:
    """A definition as the form would have sent it."""
    found = QueryDict(mutable=True)
    for several in ("kpis", "measures"):
        found.setlist(several, list(definition.get(several, [])))
    for field, each in zip(GROUPS, definition.get("group_by", []), strict=False):
        found[field] = each
    for filter_name, each in definition.get("filters", {}).items():
        found[filter_name] = str(each)
    within = definition.get("period", user.default_period)
    days = within if isinstance(within, Mapping) else definition
    has_days = any(each in days for each in DAYS)
    found["period"] = CHOSEN if has_days else str(within)
    for each in DAYS:
        if has_days:
            found[each] = str(days.get(each, ""))
    found["compare"] = definition.get("compare", "none")
    found["chart"] = "on" if definition.get("chart", "none") != "none" else ""
    found["name"] = name
    return found
