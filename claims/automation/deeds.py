"""What a rule can do about a claim: in which words people say it, and how those read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q

from accounts.models import User, UserQuerySet, one_plain_line
from rcm_site.templatetags.ui import money

from ..models import OpenWork, Task, Worklist, WriteOff
from ..models.tags import LONGEST_TAG
from ..models.work import LONGEST_REST
from ..pages.filters import NOBODY, colleagues, named
from ..worklists.pending import LEADING

PREFIX = "then"
BY_LIST = "list-"  # before a worklist's number, among people
NOTHING_CHOSEN = [("", "—")]
TASKS = [each for each in Task.Kind.choices if each[0] != Task.Kind.FOLLOW_UP]
LONGEST_PLAN = 90  # business days
NO_DEED = "Say at least one thing that the rule does."


# As they stand on a page, each with what belongs to it.
GROUPS: dict[str, tuple[str, ...]] = {
    "Put a tag on it": ("tag",),
    "Pass it on": ("assign", "escalate"),
    "Put it aside": ("pend_days", "pend_why"),
    "Plan a task": ("task", "task_days", "task_owner"),
    "Ask to write it off": ("write_off",),
    "Tell people by e-mail": ("tell",),
}


class Deeds(forms.Form):
    """Each is left out while its first field is empty. They are chosen from what the rule's maker sees."""

    tag = forms.CharField(
        required=False,
        max_length=LONGEST_TAG,
        validators=[one_plain_line],
        label="Tag",
        help_text="A worklist whose rule asks for the tag has the claim from then on.",
    )
    assign = forms.ChoiceField(required=False, label="Give it to")
    escalate = forms.ChoiceField(
        required=False, label="Escalate it to", help_text="Somebody who leads its department."
    )
    pend_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LONGEST_REST,
        label="Business days",
    )
    pend_why = forms.ChoiceField(required=False, choices=OpenWork.Why.choices, label="Because it")
    task = forms.ChoiceField(required=False, choices=[*NOTHING_CHOSEN, *TASKS], label="What")
    task_days = forms.IntegerField(
        required=False, min_value=1, max_value=LONGEST_PLAN, label="Due in business days"
    )
    task_owner = forms.ChoiceField(required=False, label="Who")
    write_off = forms.ChoiceField(
        required=False, choices=[*NOTHING_CHOSEN, *WriteOff.Reason.choices], label="Because it is"
    )
    tell = forms.MultipleChoiceField(
        required=False,
        label="People",
        help_text="A link to the claim and nothing about it; what comes within five minutes is one e-mail.",
    )

    def __init__(self, maker: User, asked: Any = None) -> None:
        super().__init__(asked, prefix=PREFIX)
        people = named(colleagues(maker).active())
        shared = Worklist.objects.visible_to(maker).filter(is_active=True)
        shared = shared.exclude(hand_out=Worklist.HandOut.PULL)
        self.lists = {f"{BY_LIST}{each.pk}": each for each in shared}
        by_list = [(key, f"Shared out as “{each}” does") for key, each in self.lists.items()]
        choices: dict[str, list[tuple[str, str]]] = {
            "assign": [*NOTHING_CHOSEN, *people, *by_list],
            "escalate": [*NOTHING_CHOSEN, *named(leaders(maker))],
            "task_owner": [("", "Whoever works the claim"), *people, (NOBODY, "Nobody yet")],
            "tell": people,
        }
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]
        limit = money(settings.WRITE_OFF_LIMIT)
        self.fields["write_off"].help_text = f"Up to {limit} is written off at once; more waits for approval."

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(label, [self[name] for name in names]) for label, names in GROUPS.items()]

    @classmethod
    def kept(cls, maker: User, words: Mapping[str, Any]) -> Deeds:
        return cls(maker, {f"{PREFIX}-{name}": word for name, word in words.items()})

    def clean_tag(self) -> str:
        return " ".join(self.cleaned_data["tag"].split())

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if not self.errors and not any(asked[name] for name in WORDS):
            raise forms.ValidationError(NO_DEED)
        if asked.get("task") and not asked.get("task_days") and "task_days" not in self.errors:
            self.add_error("task_days", "Say in how many business days the task is due.")
        if asked.get("assign") and asked.get("escalate"):
            self.add_error("escalate", "It goes to one person: give it to somebody or escalate it.")
        return asked

    def words_kept(self) -> dict[str, Any]:
        """What was chosen, to be asked again each time."""
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        parts = {"pend_why": "pend_days", "task_days": "task", "task_owner": "task"}
        return {name: value for name, value in asked.items() if asked.get(parts.get(name, name))}

    def in_words(self) -> list[str]:
        if not self.is_valid():
            return []
        return [say(self) for name, say in WORDS.items() if self.cleaned_data[name]]

    def label_of(self, name: str) -> str:
        field = self.fields[name]
        chosen = self.cleaned_data[name]
        return str(dict(field.choices).get(chosen, chosen))  # type: ignore[attr-defined]


def leaders(maker: User) -> UserQuerySet:
    """Who leads a department of the maker's, or all of them."""
    near = Q(pk__in=User.objects.visible_to(maker).values("pk")) | Q(role__in=LEADING[1:])
    return User.objects.active().filter(near, role__in=LEADING).order_by("name")


def _give(deeds: Deeds) -> str:
    label = deeds.label_of("assign")
    is_shared = deeds.cleaned_data["assign"] in deeds.lists
    return f"share it out{label.removeprefix('Shared out')}" if is_shared else f"give it to {label}"


def _rest(deeds: Deeds) -> str:
    days, why = deeds.cleaned_data["pend_days"], deeds.cleaned_data["pend_why"] or OpenWork.Why.OTHER
    return f"put it aside for {days_in_words(days)}: {OpenWork.Why(why).label.lower()}"


def _plan(deeds: Deeds) -> str:
    owner = deeds.label_of("task_owner")
    owner = owner[0].lower() + owner[1:] if deeds.cleaned_data["task_owner"] in ("", NOBODY) else owner
    days = days_in_words(deeds.cleaned_data["task_days"])
    return f"plan “{deeds.label_of('task')}” within {days} for {owner}"


def _tell(deeds: Deeds) -> str:
    names = dict(deeds.fields["tell"].choices)  # type: ignore[attr-defined]
    return f"tell {', '.join(str(names[pk]) for pk in deeds.cleaned_data['tell'])} by e-mail"


def days_in_words(days: int) -> str:
    return "1 business day" if days == 1 else f"{days} business days"


# By the field that decides whether it is done at all, in the order in which they are done.
WORDS = {
    "tag": lambda deeds: f"put the tag “{deeds.cleaned_data['tag']}” on it",
    "assign": _give,
    "escalate": lambda deeds: f"escalate it to {deeds.label_of('escalate')}",
    "pend_days": _rest,
    "task": _plan,
    "write_off": lambda deeds: f"ask to write it off: {deeds.label_of('write_off').lower()}",
    "tell": _tell,
}
