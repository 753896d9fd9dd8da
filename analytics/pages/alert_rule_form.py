"""The form in which somebody writes a rule of alerts, in sections."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import Q, QuerySet

from accounts.models import Department, User, UserQuerySet
from accounts.roles import ROLES, Sees
from claims.models import Claim, Payer, Provider

from ..alerts import rules as keeping
from ..alerts.watched import WATCHED
from ..catalogue import Topic
from ..models import AlertRule, Webhook
from .alerts import VIEW, watched_choices

OTHER, OF_SITE = "Work and files", "The site itself"
# Who may be told: alerts are for roles that may see them.
TOLD = [key for key, role in ROLES.items() if VIEW in role.permissions]
TOLD_ALL = [key for key in TOLD if ROLES[key].sees == Sees.EVERYTHING]
# Whatever leaves the site for somebody who does not sign in to it.
OUTSIDE = ("addresses", "webhooks", "numbers")


class LinesField(forms.CharField):
    """Several entries, each on a line of its own."""

    widget = forms.Textarea(attrs={"rows": 2})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=2_000, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = (super().to_python(value) or "").replace(",", "\n").splitlines()
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


class NpiField(forms.CharField):
    """A provider by the number that everybody has at hand; thousands would not fit a list."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            value = Provider.objects.filter(pk=value).first()
        return value.npi if isinstance(value, Provider) else value

    def clean(self, value: Any) -> Any:
        npi = super().clean(value)
        if not npi:
            return None
        provider = Provider.objects.filter(npi=npi).first()
        if provider is None:
            raise forms.ValidationError("There is no provider with this NPI: ten digits, as on a claim.")
        return provider


class RuleForm(forms.ModelForm):
    """A rule in sections; what this person may not choose is not offered."""

    provider = NpiField(required=False, max_length=10, label="Provider", help_text="By NPI")
    kind = forms.ChoiceField(
        required=False, label="Kind of claims", choices=[("", "All kinds"), *Claim.Kind.choices]
    )
    category = forms.ChoiceField(
        required=False,
        label="Denied for",
        choices=[("", "Whatever reason"), *(each for each in Claim.Category.choices if each[0])],
    )
    condition = forms.ChoiceField(
        label="Tells when it", choices=[("", "Choose …"), *AlertRule.Condition.choices]
    )
    roles = forms.MultipleChoiceField(
        required=False,
        label="Everybody who is",
        choices=[(key, ROLES[key].label) for key in TOLD],
        widget=forms.CheckboxSelectMultiple,
    )
    addresses = LinesField(label="Mail addresses of others", help_text="One on each line.")
    numbers = LinesField(label="Text messages to", help_text="Numbers with their country: +13125550123.")

    class Meta:
        model = AlertRule
        fields = (
            *("name", "watches", "each", "department", "payer", "provider", "kind", "category"),
            *("condition", "limit", "change_in", "window_days", "every"),
            *("clears_at", "minimum_n", "cool_down_minutes"),
            *("people", "roles", "tells_managers", "addresses", "webhooks", "numbers"),
            *("escalates_after", "escalates_to"),
            *("severity", "runbook", "by_mail", "quiet_from", "quiet_until"),
        )
        labels: ClassVar = {
            "watches": "Watches",
            "each": "Looks at",
            "payer": "Of the payer",
            "department": "Of the department",
            "change_in": "The limit of a change is in",
            "window_days": "Over days",
            "every": "Looked at",
            "clears_at": "Over when it is back at",
            "minimum_n": "Only from so many on",
            "cool_down_minutes": "Quiet afterwards, minutes",
            "people": "People",
            "tells_managers": "The managers of its department",
            "webhooks": "Webhooks",
            "escalates_after": "Passed on after, minutes",
            "escalates_to": "Passed on to",
            "runbook": "What to do about it",
            "by_mail": "By e-mail",
            "quiet_from": "Quiet from",
            "quiet_until": "Quiet until",
        }
        help_texts: ClassVar = {
            "watches": "",
            "each": "Those that cross the limit at once are told in one message, the worst first.",
            "limit": "As the number is written: 10 for 10%, 40 for 40 days, 5000 for $5,000. "
            "For what is unusual: how many deviations are too many, such as 3.5.",
            "window_days": "Ending today. What tells how things stand has no days.",
            "clears_at": "A little inside the limit keeps an alert from coming and going.",
            "minimum_n": "Fewer claims say too little to tell anybody.",
            "escalates_after": "Without anybody's acknowledging it.",
            "quiet_until": "What comes meanwhile is told at their end; what is critical, at once.",
            "people": "Nobody ticked: it stands under Alerts and goes to nobody.",
            "runbook": "In a few lines; it stands in the mail.",
        }
        widgets: ClassVar = {
            "people": forms.CheckboxSelectMultiple,
            "webhooks": forms.CheckboxSelectMultiple,
            "escalates_to": forms.CheckboxSelectMultiple,
            "runbook": forms.Textarea(attrs={"rows": 6}),
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def __init__(self, user: User, asked: Any = None, **kwargs: Any) -> None:
        super().__init__(asked, **kwargs)
        self.user = user
        people = who_may_be_told(user)
        everything = "All departments" if user.sees_everything else "Choose …"
        self._choose_from("department", Department.objects.visible_to(user), everything)
        if not user.sees_everything:
            self.fields["department"].when_needed = "unless it looks at each"  # type: ignore[attr-defined]
        self._choose_from("payer", Payer.objects.all(), "All payers")
        for name in ("people", "escalates_to"):
            kept = getattr(self.instance, name).values("pk") if self.instance.pk else []
            self._choose_from(name, User.objects.filter(Q(pk__in=people.values("pk")) | Q(pk__in=kept)))
        for name in ("limit", "clears_at"):
            if self.initial.get(name) is not None:
                self.initial[name] = Decimal(self.initial[name]).normalize().__format__("f")
        self.fields["watches"] = forms.ChoiceField(
            label="Watches", choices=[("", "Choose …"), *grouped(user)], initial=self.instance.watches
        )
        if not user.sees_everything:
            for name in OUTSIDE:
                del self.fields[name]

    def _choose_from(self, name: str, rows: QuerySet[Any], nothing: str | None = None) -> None:
        field: Any = self.fields[name]
        field.queryset = rows.order_by("name")
        if nothing is not None:
            field.empty_label = nothing

    def _post_clean(self) -> None:
        """What no field can say alone is said by what also keeps the API's rules right."""
        super()._post_clean()  # type: ignore[misc]
        self.errors.pop(NON_FIELD_ERRORS, None)  # what the database refuses is said by field
        problems = keeping.problems_of(self.instance, self.user, **self.chosen)
        for name, said in problems.items():
            if name not in self.errors:
                self.add_error(name if name in self.fields else None, said)

    @property
    def chosen(self) -> dict[str, Any]:
        """Whom it tells, which a rule that is not kept yet cannot hold; what is not offered stays."""
        names = ("people", "webhooks", "escalates_to")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


def who_may_be_told(user: User) -> UserQuerySet:
    """Colleagues who may see alerts, and whoever sees those of all departments."""
    seen = User.objects.visible_to(user).values("pk")
    found = User.objects.active().filter(role__in=TOLD)
    return found if user.sees_everything else found.filter(Q(pk__in=seen) | Q(role__in=TOLD_ALL))


def grouped(user: User) -> list[tuple[str, list[tuple[str, str]]]]:
    """What may be watched, by topic."""
    groups: dict[str, list[tuple[str, str]]] = {name: [] for name in (*Topic, OTHER, OF_SITE)}
    for key, label in watched_choices(user):
        watched = WATCHED[key]
        topic = watched.kpi.topic if watched.kpi else OF_SITE if watched.is_about_site else OTHER
        groups[topic].append((key, label))
    return [(topic, choices) for topic, choices in groups.items() if choices]


@dataclass(frozen=True)
class Section:
    key: str
    heading: str
    fields: list[forms.BoundField]
    more: str
    seldom: list[forms.BoundField]

    @property
    def is_open(self) -> bool:
        """Whether something is wrong among what is seldom asked, or was chosen there."""
        return any(field.errors or is_asked(field) for field in self.seldom)


def is_asked(field: forms.BoundField) -> bool:
    """Whether something else stands in it than in a new rule."""
    default = field.field.initial
    return str(field.value() or "") not in ("", "[]", str(default))


SECTIONS = [
    (
        "what",
        "What",
        ("name", "watches", "each", "department", "payer"),
        "Narrow it further",
        ("provider", "kind", "category"),
    ),
    (
        "when",
        "When",
        ("condition", "limit", "change_in", "window_days", "every"),
        "When it is over, and how often",
        ("clears_at", "minimum_n", "cool_down_minutes"),
    ),
    (
        "whom",
        "Whom it tells",
        ("people", "roles", "tells_managers", *OUTSIDE),
        "If nobody acknowledges it",
        ("escalates_after", "escalates_to"),
    ),
    ("how", "How", ("severity", "runbook", "by_mail"), "Quiet hours", ("quiet_from", "quiet_until")),
]


def sections(form: RuleForm) -> list[Section]:
    has_webhooks = "webhooks" in form.fields and Webhook.objects.exists()

    def offered(names: tuple[str, ...]) -> list[forms.BoundField]:
        shown = (name for name in names if name in form.fields and (has_webhooks or name != "webhooks"))
        return [form[name] for name in shown]

    return [
        Section(key, heading, offered(often), more, offered(seldom))
        for key, heading, often, more, seldom in SECTIONS
    ]
