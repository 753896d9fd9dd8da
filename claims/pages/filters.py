"""What narrows the lists of claims, files and remittances: one bar of filters each, kept in the address."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, TypeVar

from django import forms
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.utils import timezone

from accounts.forms import DayField
from accounts.models import Department, User, UserQuerySet
from accounts.roles import ROLES
from rcm_site.days import midnight
from rcm_site.templatetags.ui import day, money

from .. import deadlines
from ..answers.reasons import denied_for
from ..models import Claim, ClaimTag, Import, Payer, Provider, Tag
from ..models.claims import CREDIT, OPEN, OWED, UNDERPAID

Rows = TypeVar("Rows", bound="models.QuerySet[Any]")
ANY = [("", "Any")]
# A remittance that is flagged: at its end, within it, or because its end is missing.
NOT_BALANCED = (
    Q(imbalance__gt=0)
    | Q(imbalance__lt=0)
    | Q(imbalance=None)
    | Q(line_imbalances__gt=0)
    | Q(claim_imbalances__gt=0)
)
NPI = re.compile("[0-9]{10}")
ME, NOBODY = "me", "none"  # beside people's own numbers
# Days since a claim was submitted: in words, from, to.
AGES: dict[str, tuple[str, int, int | None]] = {
    "0-30": ("0–30 days", 0, 30),
    "31-60": ("31–60 days", 31, 60),
    "61-90": ("61–90 days", 61, 90),
    "91-120": ("91–120 days", 91, 120),
    "over-90": ("Over 90 days", 91, None),
    "over-120": ("Over 120 days", 121, None),
}
# The roles of people who work claims.
WORKING = tuple(key for key, role in ROLES.items() if "claims.change_claim" in role.permissions)
# What money a claim is worked for: in words, which claims, and how much.
MONEY: dict[str, tuple[str, Q, Combinable]] = {
    "owed": ("Owed to us", OWED, F("balance")),
    "underpaid": ("Underpaid", UNDERPAID, F("expected") - F("paid") - F("patient_share")),
    "credit": ("Credit balance", CREDIT, F("paid") + F("adjusted") + F("written_off") - F("charge")),
}
REASON = re.compile(r"^(?:(?:CO|PR|OA|PI|CR)-)?[A-Z]?\d{1,3}\Z", re.IGNORECASE | re.ASCII)
MOST_DAYS = 3_650
MOST_AMOUNT = 999_999_999
# Our own number as people write it: C-123, c123 or 123.
OUR_NUMBER = re.compile(r"(?:C-?)?(\d{1,18})", re.IGNORECASE | re.ASCII)


class Filter(forms.Form):
    """An empty field narrows nothing; a wrong one shows nothing, and says why."""

    lookups: ClassVar[dict[str, Callable[[Any], Q]]] = {}
    sentences: ClassVar[dict[str, str]] = {}  # for those whose label and value make none
    seldom: ClassVar[tuple[str, ...]] = ()  # fields that stand apart, out of the way

    @property
    def often_fields(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.name not in self.seldom]

    @property
    def seldom_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.seldom]

    @property
    def has_seldom(self) -> bool:
        """Whether one of them narrows, or is wrong."""
        return any(field.data or field.errors for field in self.seldom_fields)

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if asked.get("start") and asked.get("end") and asked["start"] > asked["end"]:
            self.add_error("end", "Ends before it starts: choose a later day.")
        return asked

    def narrow(self, rows: Rows) -> Rows:
        if not self.is_valid():
            return rows.none()
        for name, lookup in self.lookups.items():
            if value := self.cleaned_data.get(name):
                rows = rows.filter(lookup(value))
        return rows

    def in_words(self) -> str:
        """The filters as a sentence, for paper and exports."""
        if not self.is_valid():
            return ""
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        words = [self._sentence(name, self._words(name, value)) for name, value in asked.items()]
        return ", ".join(words) or "Everything"

    def _sentence(self, name: str, value: str) -> str:
        return self.sentences.get(name, f"{self._label(name)}: {{}}").format(value)

    def _label(self, name: str) -> str:
        return str(self.fields[name].label or name.replace("_", " ").capitalize())

    def _words(self, name: str, value: Any) -> str:
        if isinstance(value, date):
            return day(value)
        if isinstance(value, Decimal):
            return money(value)
        return str(dict(getattr(self.fields[name], "choices", ())).get(value, value))


def any_number(typed: str) -> Q:
    """Claims by a number that somebody has at hand: ours, the sender's, the payer's, the provider's NPI."""
    meant = Q(control_number=typed) | Q(payer_claim_number=typed)
    if ours := OUR_NUMBER.fullmatch(typed):
        meant |= Q(number=int(ours[1]))
    if NPI.fullmatch(typed):
        meant |= Q(provider__in=list(Provider.objects.filter(npi=typed).values_list("pk", flat=True)))
    return meant


def any_status(asked: str) -> Q:
    return Q(status__in=OPEN) if asked == "open" else Q(status=asked)


def assigned(to: str) -> Q:
    return Q(assignee=None) if to == NOBODY else Q(assignee=to)


def as_old(asked: str, since: str = "submitted_on") -> Q:
    """By the days since it was submitted, or since another of its days."""
    _, first, last = AGES[asked]
    today = timezone.localdate()
    young_enough = Q(**{f"{since}__gte": today - timedelta(days=last)}) if last else Q()
    return young_enough & Q(**{f"{since}__lte": today - timedelta(days=first)})


def unanswered_for(days: int) -> Q:
    """No payer has answered for so many days."""
    since = timezone.localdate() - timedelta(days=days)
    return Q(status__in=("submitted", "pending"), submitted_on__lte=since)


def decided_within(days: int) -> Q:
    return Q(decided_on__gte=timezone.localdate() - timedelta(days=days))


class DaysField(forms.IntegerField):
    def __init__(self, label: str) -> None:
        super().__init__(required=False, label=label, min_value=1, max_value=MOST_DAYS)


class AmountField(forms.DecimalField):
    def __init__(self, label: str) -> None:
        super().__init__(
            required=False, label=label, min_value=0, max_value=MOST_AMOUNT, decimal_places=2, max_digits=12
        )


class ClaimFilter(Filter):
    number = forms.CharField(required=False, max_length=80, help_text="Ours, theirs, the payer’s, an NPI")
    status = forms.ChoiceField(required=False, choices=[*ANY, ("open", "Open"), *Claim.Status.choices])
    payer = forms.ModelChoiceField(Payer.objects.all(), required=False, empty_label="All payers")
    department = forms.ModelChoiceField(
        Department.objects.none(), required=False, empty_label="All departments"
    )
    assignee = forms.ChoiceField(required=False, label="Assigned to")
    age = forms.ChoiceField(
        required=False, choices=[*ANY, *((key, words) for key, (words, _, _) in AGES.items())]
    )
    kind = forms.ChoiceField(required=False, choices=[*ANY, *Claim.Kind.choices])
    category = forms.ChoiceField(
        required=False,
        label="Denied for",
        choices=[*ANY, *(each for each in Claim.Category.choices if each[0])],
    )
    due = forms.ChoiceField(required=False, choices=[*ANY, *deadlines.choices()])
    start = DayField(required=False, label="Submitted from")
    end = DayField(required=False, label="Submitted to")
    money = forms.ChoiceField(
        required=False, choices=[*ANY, *((key, words) for key, (words, _, _) in MONEY.items())]
    )
    balance_from = AmountField("From $")
    balance_to = AmountField("To $")
    waiting = DaysField("No answer, days")
    decided = DaysField("Decided, days")
    serviced = forms.ChoiceField(
        required=False,
        label="Since the service",
        choices=[*ANY, *((key, words) for key, (words, _, _) in AGES.items())],
    )
    reason = forms.RegexField(
        REASON, required=False, label="Reason (CARC)", max_length=7, help_text="197, or CO-197"
    )
    intake = forms.ChoiceField(
        required=False, label="At intake", choices=[*ANY, *Claim.AtIntake.choices[1:], (NOBODY, "No answer")]
    )
    tag = forms.ModelChoiceField(Tag.objects.all(), required=False, empty_label="Any")
    source = forms.UUIDField(required=False, label="File", widget=forms.HiddenInput)

    seldom: ClassVar = (
        *("money", "balance_from", "balance_to", "waiting", "decided", "serviced", "reason", "intake"),
        "tag",
    )
    sentences: ClassVar = {
        "waiting": "No answer for {} days",
        "decided": "Decided within {} days",
        "balance_from": "From {}",
        "balance_to": "Up to {}",
    }
    lookups: ClassVar = {
        "number": any_number,
        "status": any_status,
        "payer": lambda payer: Q(payer=payer),
        "department": lambda department: Q(department=department),
        "assignee": assigned,
        "age": as_old,
        "kind": lambda kind: Q(kind=kind),
        "category": lambda category: Q(denial_category=category),
        "due": lambda due: deadlines.chosen(due, timezone.localdate()),
        "start": lambda start: Q(submitted_on__gte=start),
        "end": lambda end: Q(submitted_on__lte=end),
        "money": lambda money: MONEY[money][1],
        "waiting": unanswered_for,
        "decided": decided_within,
        "serviced": lambda age: as_old(age, "service_to"),
        "reason": denied_for,
        "intake": lambda answer: Q(at_intake="" if answer == NOBODY else answer),
        "tag": lambda tag: Q(pk__in=ClaimTag.objects.filter(tag=tag).values("claim")),
        "source": lambda source: Q(source=source),
    }

    def __init__(self, asked: Any, user: User) -> None:
        super().__init__(asked)
        self.user = user
        self.fields["department"].queryset = Department.objects.visible_to(user)  # type: ignore[attr-defined]
        # Read when somebody asks for a person, or the field is shown.
        self.fields["assignee"].choices = cache(  # type: ignore[attr-defined]
            lambda: [*ANY, (ME, "Me"), (NOBODY, "Nobody"), *named(colleagues(user))]
        )

    def clean(self) -> dict[str, Any]:
        asked = super().clean()
        least, most = asked.get("balance_from"), asked.get("balance_to")
        if least is not None and most is not None and least > most:
            self.add_error("balance_to", "Less than it starts from: enter more.")
        return asked

    def clean_assignee(self) -> str:
        asked = self.cleaned_data["assignee"]
        return str(self.user.pk) if asked == ME else asked

    def clean_reason(self) -> str:
        return self.cleaned_data["reason"].upper()

    def narrow(self, rows: Rows) -> Rows:
        """Amounts are of the money that the claims are worked for: what is owed, short, or too much."""
        rows = super().narrow(rows)
        asked = self.cleaned_data if self.is_valid() else {}
        bounds = {"gte": asked.get("balance_from"), "lte": asked.get("balance_to")}
        bounds = {f"amount__{bound}": value for bound, value in bounds.items() if value is not None}
        return rows.alias(amount=MONEY[asked.get("money") or "owed"][2]).filter(**bounds) if bounds else rows


def colleagues(user: User) -> UserQuerySet:
    """The people whose work this person may see, themselves among them."""
    return User.objects.visible_to(user).filter(role__in=WORKING).order_by("name")


def named(people: UserQuerySet) -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in people.values_list("pk", "name")]


class ImportFilter(Filter):
    name = forms.CharField(required=False, label="File", max_length=80, help_text="Part of its name")
    state = forms.ChoiceField(required=False, choices=[*ANY, *Import.State.choices])
    start = DayField(required=False, label="Sent from")
    end = DayField(required=False, label="Sent to")

    lookups: ClassVar = {
        "name": lambda part: Q(name__icontains=part),
        "state": lambda state: Q(state=state),
        "start": lambda start: Q(sent_at__gte=midnight(start)),
        "end": lambda end: Q(sent_at__lt=midnight(end + timedelta(days=1))),
    }


class RemittanceFilter(Filter):
    trace = forms.CharField(required=False, label="Trace number", max_length=80)
    payer = forms.ModelChoiceField(Payer.objects.all(), required=False, empty_label="All payers")
    balance = forms.ChoiceField(required=False, choices=[*ANY, ("off", "Does not add up")])
    start = DayField(required=False, label="Paid from")
    end = DayField(required=False, label="Paid to")
    source = forms.UUIDField(required=False, label="File", widget=forms.HiddenInput)

    lookups: ClassVar = {
        "trace": lambda trace: Q(trace_number=trace),
        "payer": lambda payer: Q(payer=payer),
        "balance": lambda _: NOT_BALANCED,
        "start": lambda start: Q(paid_on__gte=start),
        "end": lambda end: Q(paid_on__lte=end),
        "source": lambda source: Q(source=source),
    }
