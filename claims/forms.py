"""What people fill in about patients."""

from django import forms

SYMPTOMS = forms.Textarea(attrs={"rows": 4})


# An id stands in the API's addresses, so it cannot hold what divides those.
PATIENT_ID = r"^[^/\x00-\x1f\x7f]+\Z"
NO_SLASH = "An id is one line without a slash."


class FindPatient(forms.Form):
    patient_id = forms.CharField(label="Patient id", max_length=64, help_text="Exactly as it was registered")


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
