"""What people fill in about patients, files that they send, and payments that they match."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet

from accounts.models import Department, User, UserQuerySet
from accounts.roles import ROLES

from ..imports.recognise import FileKind
from ..imports.rules import Grouping
from ..imports.uploads import UploadOptions
from ..models import Claim, Import, OpenWork, Worklist
from ..models.work import LONGEST_REST
from .filters import NOBODY, WORKING, colleagues, named

SYMPTOMS = forms.Textarea(attrs={"rows": 4})


def note_field() -> forms.CharField:
    return forms.CharField(
        required=False, max_length=2_000, label="Note", widget=forms.Textarea(attrs={"rows": 2})
    )


# An id stands in the API's addresses, so it cannot hold what divides those.
PATIENT_ID = r"^[^/\x00-\x1f\x7f]+\Z"
NO_SLASH = "An id is one line without a slash."


class FindPatient(forms.Form):
    patient_id = forms.CharField(
        label="Patient id, member number or name",
        max_length=200,
        help_text="Exactly as it was written; a name as Last, First",
    )


class RegisterPatient(forms.Form):
    patient_id = forms.RegexField(
        PATIENT_ID, label="Patient id", max_length=64, error_messages={"invalid": NO_SLASH}
    )
    symptoms = forms.CharField(max_length=10_000, required=False, widget=SYMPTOMS)


class AssessAgain(forms.Form):
    symptoms = forms.CharField(label="Symptoms now", max_length=10_000, widget=SYMPTOMS)


class CloseFollowUp(forms.Form):
    outcome = forms.CharField(
        label="What was done", max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )


# Claims --------------------------------------------------------------------------------------------


class AssignClaims(forms.Form):
    assignee = forms.ChoiceField(label="Give the selected claims to")

    def __init__(self, user: User, asked: Any = None) -> None:
        super().__init__(asked, auto_id="give_%s")  # it stands beside a filter of the same name
        self.people = colleagues(user).active()
        nobody = (NOBODY, "Nobody")
        self.fields["assignee"].choices = [("", "Choose …"), *named(self.people), nobody]  # type: ignore[attr-defined]

    def clean_assignee(self) -> User | None:
        asked = self.cleaned_data["assignee"]
        return None if asked == NOBODY else self.people.get(pk=asked)


# Worklists -----------------------------------------------------------------------------------------


class EditWorklist(forms.ModelForm):
    """Everything of a list but its rule, which the filters of claims are."""

    for_roles = forms.MultipleChoiceField(
        required=False,
        label="For these roles",
        choices=[(key, ROLES[key].label) for key in WORKING],
        widget=forms.CheckboxSelectMultiple,
        help_text="Nobody ticked: everybody who works claims.",
    )
    people = forms.ModelMultipleChoiceField(
        User.objects.none(), required=False, label="For these people", help_text="Beside the roles."
    )

    class Meta:
        model = Worklist
        fields = ("name", "is_active", "position", "department", "for_roles", "people", "hand_out")
        labels: ClassVar = {"hand_out": "How its claims come to people"}

    def __init__(self, user: User, asked: Any = None, **kwargs: Any) -> None:
        super().__init__(asked, prefix="list", **kwargs)
        mine = Department.objects.visible_to(user)
        self.fields["department"] = forms.ModelChoiceField(
            mine, required=False, empty_label="All departments", help_text="Whose claims, and whose list."
        )
        self.fields["people"].queryset = colleagues(user).active()  # type: ignore[attr-defined]
        self.initial.setdefault("for_roles", self.instance.for_roles)

    @property
    def chosen_department(self) -> Department | None:
        if not self.is_bound:
            return self.instance.department
        return self.cleaned_data.get("department") if self.is_valid() or self.cleaned_data else None

    def save(self, commit: bool = True) -> Worklist:
        roles = self.cleaned_data["for_roles"]
        self.instance.roles = f" {' '.join(roles)} " if roles else ""
        return super().save(commit)


class PendClaim(forms.Form):
    days = forms.IntegerField(min_value=1, max_value=LONGEST_REST, initial=5, label="Business days")
    why = forms.ChoiceField(choices=OpenWork.Why.choices, label="Why")
    note = note_field()


class PassClaim(forms.Form):
    """To a colleague, or up to somebody who leads."""

    to = forms.ChoiceField(label="To")
    note = note_field()

    def __init__(self, people: UserQuerySet, asked: Any = None, *, prefix: str) -> None:
        super().__init__(asked, auto_id=f"{prefix}_%s")
        self.people = people
        self.fields["to"].choices = lambda: [("", "Choose …"), *named(people)]  # type: ignore[attr-defined]

    def clean_to(self) -> User:
        return self.people.get(pk=self.cleaned_data["to"])


# Files ---------------------------------------------------------------------------------------------

KINDS = {
    FileKind.CLAIM_LINES: "Claim lines (CSV, a service a row)",
    FileKind.CLAIMS: "Claims (CSV, a claim a row)",
    FileKind.ACTIVITY: "Staff activity (CSV)",
    FileKind.CLAIM_JSON: "Claims (JSON)",
    FileKind.X12: "X12 (837, 835, 277CA, 999)",
}


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"  # nothing to clear: files are never shown again


class FilesField(forms.FileField):
    """Several files at once; each is looked at by itself, so one that is empty does not spoil the others."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        files = [each for each in data or [] if isinstance(each, UploadedFile)]
        if not files:
            raise forms.ValidationError("Choose at least one file.", code="required")
        return files


class SendFiles(forms.Form):
    file = FilesField(label="Files")
    department = forms.ModelChoiceField(
        Department.objects.none(),
        required=False,
        label="Department",
        empty_label="As the file says",
        help_text="Of claims that name none.",
    )
    kind = forms.ChoiceField(
        required=False,
        label="What it is",
        choices=[("", "Recognise it from its content"), *((kind.value, KINDS[kind]) for kind in FileKind)],
    )
    taking = forms.ChoiceField(
        label="If some claims are wrong",
        choices=Import.Taking.choices,
        initial=Import.Taking.GOOD_CLAIMS,
        widget=forms.RadioSelect,
    )
    grouping = forms.ChoiceField(
        required=False,
        label="Claim lines without claim numbers",
        choices=[(Grouping.FILE.value, "The file is one claim"), (Grouping.ROW.value, "Each row is a claim")],
    )
    claim_kind = forms.ChoiceField(
        required=False,
        label="Kind of claims",
        choices=[("", "As the file says"), *Claim.Kind.choices],
        help_text="Of claims that do not say theirs. Claim lines are dental otherwise.",
    )
    sender = forms.CharField(
        required=False,
        max_length=80,
        label="Whose control numbers",
        help_text="A name such as “Northside”. The same number from two senders is two claims.",
    )
    again = forms.BooleanField(
        required=False,
        label="Take a file in although it was sent before",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = Department.objects.visible_to(user).filter(is_active=True)
        self.fields["department"].queryset = mine  # type: ignore[attr-defined]

    def options(self) -> UploadOptions:
        asked = {name: value for name, value in self.cleaned_data.items() if name != "file"}
        return UploadOptions(**asked)

    @property
    def seldom(self) -> list[forms.BoundField]:
        """What most files need no word on."""
        return [self[name] for name in ("grouping", "claim_kind", "sender", "again")]

    @property
    def has_seldom_errors(self) -> bool:
        return any(field.errors for field in self.seldom)


# Matching ------------------------------------------------------------------------------------------


class FindClaim(forms.Form):
    number = forms.CharField(
        max_length=80, label="Number of the claim", help_text="C-number, control number or the payer's"
    )


class MatchPayment(forms.Form):
    claim = forms.ModelChoiceField(Claim.objects.none(), widget=forms.HiddenInput)
    note = forms.CharField(
        required=False, max_length=2_000, label="Note", widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, claims: QuerySet[Claim], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["claim"].queryset = claims  # type: ignore[attr-defined]
