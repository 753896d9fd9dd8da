"""Having patients' symptoms assessed, and seeing to it that somebody acts on what is urgent."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User

from . import todo
from .assessors import assessor_in_use
from .models import Assessment, Patient, Task
from .models.patients import PatientQuerySet


class PatientExists(Exception):
    """Somebody is registered under this id already."""


def register_patient(*, patient_id: str, symptoms: str, actor: User, request: HttpRequest) -> Assessment:
    """Take a patient in and assess them at once; nobody sees a patient without an assessment."""
    try:
        with transaction.atomic():
            patient = Patient.objects.create(patient_id=patient_id)
            patient.departments.set(actor.departments.all())
            audit.record(actor, "patient.added", patient, request=request)
            return assess(patient=patient, symptoms=symptoms, actor=actor, request=request)
    except IntegrityError as error:
        if not Patient.objects.known_as(patient_id).exists():
            raise
        audit.record(actor, "patient.added", request=request, outcome="refused", reason="exists")
        raise PatientExists from error


@transaction.atomic
def assess(*, patient: Patient, symptoms: str, actor: User, request: HttpRequest) -> Assessment:
    """Have symptoms assessed and keep question, answer and reasons; what is urgent opens a follow-up."""
    assessed = assessor_in_use()(symptoms)
    assessment = Assessment.objects.create(
        patient=patient,
        symptoms=symptoms,
        input_hash=input_hash(symptoms),
        assessor=assessed.assessor,
        version=assessed.version,
        conclusion=assessed.conclusion,
        risk_score=assessed.risk_score,
        trace=json.dumps([asdict(step) for step in assessed.trace]),
        asked_by=actor,
    )
    if assessed.is_urgent:
        plan = todo.Plan(Task.Kind.FOLLOW_UP, timezone.localdate())
        todo.add_task(plan, patient=patient, assessment=assessment, actor=actor, request=request)
    audit.record(
        actor,
        "patient.assessed",
        patient,
        request=request,
        assessment=assessment.pk,
        urgent=assessed.is_urgent,
    )
    return assessment


def input_hash(symptoms: str) -> str:
    """Proves which text was assessed. Keyed: of a text this short a plain hash could be guessed."""
    return hmac.new(settings.PHI_INDEX_KEY.encode(), symptoms.encode(), hashlib.sha256).hexdigest()


def open_patient(
    patients: PatientQuerySet, *, actor: User, request: HttpRequest, **details: int
) -> Patient | None:
    """The patient asked for, if this person may see them; each look, also a vain one, is audited."""
    patient = patients.visible_to(actor).first()
    outcome = "done" if patient else "failed"
    audit.record(actor, "patient.read", patient, request=request, outcome=outcome, **details)
    return patient
