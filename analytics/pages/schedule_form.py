"""What people fill in to have a report sent: what, when, and to whom."""

from __future__ import annotations

from calendar import day_name
from typing import Any, ClassVar

from django import forms

from accounts import time_zones
from accounts.models import User

from ..models import Report, Schedule
from ..reports import schedules

REPORT, STANDARD = "report", "standard"


class EditSchedule(forms.ModelForm):
    what = forms.ChoiceField(label="What is sent")
    weekday = forms.TypedChoiceField(
        label="On",
        coerce=int,
        choices=list(enumerate(day_name)),
        required=False,
        empty_value=0,  # type: ignore[arg-type]  # what it coerces to
    )
    time_zone = forms.ChoiceField(label="On the clock of")
    people = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label="Goes to",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one person."},
        help_text="Each gets it only while they may see all that is in it.",
    )

    class Meta:
        model = Schedule
        fields = (
            *("name", "what", "every", "weekday", "day_of_month", "at", "time_zone"),
            *("format", "is_attached", "people", "is_active"),
        )
        labels: ClassVar = {"every": "How often", "day_of_month": "On day", "at": "At", "format": "As"}
        help_texts: ClassVar = {
            "is_attached": "Otherwise, and when it is too large, the mail leads to it behind the sign-in."
        }
        widgets: ClassVar = {"at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")}

    def __init__(self, user: User, asked: Any = None, **kwargs: Any) -> None:
        super().__init__(asked, **kwargs)
        schedule = self.instance
        self.fields["what"].choices = whats(schedule.owner)  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = time_zones.choices(user.zone.key, schedule.time_zone)  # type: ignore[attr-defined]
        self.fields["people"].queryset = schedules.may_be_told(user)  # type: ignore[attr-defined]
        self.fields["day_of_month"].required = False
        self.initial["what"] = self.initial.get("what") or chosen(schedule)

    def clean_day_of_month(self) -> int:
        return self.cleaned_data["day_of_month"] or self.instance.day_of_month

    def save_schedule(self, **given: Any) -> bool:
        """Keep it, if all of it may be so; whether it was kept."""
        if not self.is_valid():
            return False
        schedule, people = self.instance, list(self.cleaned_data["people"])
        self.choose()
        for name, problems in schedules.problems_of(schedule, people).items():
            for problem in problems:
                self.add_error("what" if name in (REPORT, STANDARD) else name, problem)
        if self.errors:
            return False
        schedules.save_schedule(schedule, people, **given)
        return True

    def choose(self) -> None:
        kind, _, key = self.cleaned_data["what"].partition(":")
        self.instance.report = Report.objects.get(pk=key) if kind == REPORT else None
        self.instance.standard = key if kind == STANDARD else ""


def chosen(schedule: Schedule) -> str:
    if schedule.report_id:
        return f"{REPORT}:{schedule.report_id}"
    return f"{STANDARD}:{schedule.standard}" if schedule.standard else ""


def whats(owner: User) -> list[tuple[str, Any]]:
    """All that its owner can have sent: what they put together, what was shared with them, and the rest."""
    reports = list(Report.objects.visible_to(owner).select_related("owner").order_by("name"))
    mine = [(f"{REPORT}:{each.pk}", each.name) for each in reports if each.owner_id == owner.pk]
    shared = [(f"{REPORT}:{each.pk}", each.name) for each in reports if each.owner_id != owner.pk]
    standard = [(f"{STANDARD}:{key}", label) for key, label in Schedule.Standard.choices]
    groups = [("Own reports", mine), ("Shared reports", shared), ("Standard reports", standard)]
    return [("", "Choose …"), *((label, choices) for label, choices in groups if choices)]
