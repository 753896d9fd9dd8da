"""What people fill in about themselves and ask of the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from allauth.account.forms import LoginForm, ResetPasswordForm
from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet

from rcm_site.days import midnight

from . import time_zones
from .models import AuditEntry, User


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _speak_of_e_mail(self.fields["login"])
        self.fields["password"].widget.attrs.pop("placeholder", None)


class ForgottenPasswordForm(ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _speak_of_e_mail(self.fields["email"])


def _speak_of_e_mail(field: forms.Field) -> None:
    """In the words of the rest of the site, without a placeholder that says the label again."""
    field.label = "E-mail"
    field.widget.attrs.pop("placeholder", None)


TOLD = "analytics.view_alert"


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        required=False,
        label="Your time zone",
        help_text="Mails tell times by it, and a digest comes by its clock.",
    )

    class Meta:
        model = User
        fields = ["name", "theme", "default_period", "time_zone", "wants_digest", "digest_every"]
        labels = {"wants_digest": "Tell me of alerts in one mail", "digest_every": "That mail comes"}
        help_texts = {
            "wants_digest": "Instead of a mail about each. What is critical still comes at once.",
            "digest_every": "At 7 o’clock in your time zone; without anything to tell, none comes.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.has_perm(TOLD):  # nobody tells them of any
            del self.fields["wants_digest"], self.fields["digest_every"]
        zone: Any = self.fields["time_zone"]
        here = f"As the site: {time_zones.in_words(settings.TIME_ZONE)}"
        zone.choices = [("", here), *time_zones.choices(self.instance.time_zone)]


class DayField(forms.DateField):
    """A day that arithmetic cannot push over the calendar's edge."""

    widget = forms.DateInput(attrs={"type": "date"})
    default_validators = [MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


class AuditFilter(forms.Form):
    """Narrows the audit trail; an empty field narrows nothing."""

    person = forms.CharField(required=False, label="Person", max_length=254, help_text="Part of an e-mail")
    action = forms.CharField(required=False, label="Action", max_length=60, help_text="Such as sign_in")
    subject = forms.CharField(required=False, label="Subject", max_length=120, help_text="Id or name")
    outcome = forms.ChoiceField(required=False, choices=[("", "Any"), *AuditEntry.Outcome.choices])
    start = DayField(required=False, label="From")
    end = DayField(required=False, label="To")

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if asked.get("start") and asked.get("end") and asked["start"] > asked["end"]:
            self.add_error("end", "Ends before it starts: choose a later day.")
        return asked

    def narrow(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The entries asked for; none while the question itself is wrong."""
        if not self.is_valid():
            return entries.none()
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        for name, lookup in LOOKUPS.items():
            if name in asked:
                entries = entries.filter(lookup(asked[name]))
        return entries

    def in_words(self) -> str:
        """The filters as a sentence, for paper and exports."""
        if not self.is_valid():
            return ""
        words = [
            f"{self.fields[name].label or name}: {value:%-d %b %Y}"
            if hasattr(value, "strftime")
            else f"{self.fields[name].label or name}: {value}"
            for name, value in self.cleaned_data.items()
            if value
        ]
        return ", ".join(words) or "Everything"


def _by_person(typed: str) -> Q:
    person = User.objects.filter(email__iexact=typed).first()
    return Q(actor=person) if person else Q(actor_name__icontains=typed)


def _by_subject(typed: str) -> Q:
    """A number is an id: "12" is not meant to find a "Person 12" as well."""
    named = Q() if typed.isdigit() else Q(subject_name__icontains=typed)
    return Q(subject_id=typed) | named


LOOKUPS: dict[str, Callable[[Any], Q]] = {
    "person": _by_person,
    "action": lambda typed: Q(action=typed) | Q(action__startswith=f"{typed}."),
    "subject": _by_subject,
    "outcome": lambda chosen: Q(outcome=chosen),
    "start": lambda day: Q(at__gte=midnight(day)),
    "end": lambda day: Q(at__lt=midnight(day + timedelta(days=1))),
}
