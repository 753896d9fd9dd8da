"""What of a patient a person may read on a page."""

from __future__ import annotations

from accounts.models import User
from rcm_site.templatetags.ui import NOTHING

from ..models import Patient

MASKED = "Hidden"


def patient_shown(patient: Patient | None, user: User) -> str:
    """A patient's name, or the id where no file told the name; neither to a role that works without them."""
    if patient is None:
        return NOTHING
    return MASKED if user.phi_masked else patient.name or patient.patient_id or f"Patient {patient.pk}"
