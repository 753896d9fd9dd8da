"""Patients for other systems: registering them, reading them, having new symptoms assessed."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import person
from claims import triage
from claims.models import Assessment, Patient
from claims.pages.forms import NO_SLASH, PATIENT_ID
from rcm_site.api import StrictSerializer


class Symptoms(StrictSerializer):
    symptoms = serializers.CharField(max_length=10_000, allow_blank=True, help_text="In the patient's words.")


class NewPatient(Symptoms):
    patient_id = serializers.RegexField(PATIENT_ID, max_length=64, error_messages={"invalid": NO_SLASH})


class AssessorShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.CharField()


class StepShown(serializers.Serializer[Any]):
    rule = serializers.CharField()
    finding = serializers.CharField()


class AssessmentShown(serializers.Serializer[Any]):
    """A patient with the newest assessment; nulls where nobody has assessed the patient yet."""

    patient_id = serializers.CharField()
    symptoms = serializers.CharField(allow_null=True)
    ai_assessment = serializers.CharField(allow_null=True)
    risk_score = serializers.FloatField(allow_null=True)
    assessor = AssessorShown(allow_null=True)
    decision_trace = StepShown(many=True)
    input_hash = serializers.CharField(allow_null=True)
    assessed_at = serializers.DateTimeField(allow_null=True)
    follow_up = serializers.ChoiceField(["none", "open", "closed"])
    assessments = serializers.IntegerField(help_text="How many there are by now.")


def shown(assessment: Assessment) -> dict[str, Any]:
    follow_up = getattr(assessment, "follow_up", None)
    return {
        "patient_id": assessment.patient.patient_id,
        "symptoms": assessment.symptoms,
        "ai_assessment": assessment.conclusion,
        "risk_score": float(assessment.risk_score),
        "assessor": {"name": assessment.assessor, "version": assessment.version},
        "decision_trace": json.loads(assessment.trace),
        "input_hash": assessment.input_hash,
        "assessed_at": assessment.at,
        "follow_up": "none" if follow_up is None else "closed" if follow_up.done_at else "open",
        "assessments": assessment.patient.assessments.count(),
    }


def not_assessed_yet(patient: Patient) -> dict[str, Any]:
    """A patient whom a file of claims brought."""
    nothing: dict[str, Any] = dict.fromkeys(AssessmentShown().fields)
    return nothing | {
        "patient_id": patient.patient_id,
        "decision_trace": [],
        "follow_up": "none",
        "assessments": 0,
    }


class PatientExists(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "patient_exists"
    default_detail = "There is a patient with this id. Send new symptoms to the patient's assessments."


EXAMPLE = OpenApiExample(
    "An urgent patient",
    value={
        "patient_id": "P-1001",
        "symptoms": "Chest pain since this morning, denies fever",
        "ai_assessment": "Urgent review",
        "risk_score": 0.95,
        "assessor": {"name": "rules", "version": "1"},
        "decision_trace": [
            {"rule": "chest pain", "finding": "present"},
            {"rule": "shortness of breath", "finding": "not mentioned"},
            {"rule": "fever", "finding": "denied"},
            {"rule": "cough", "finding": "not mentioned"},
            {"rule": "conclusion", "finding": "Urgent review"},
        ],
        "input_hash": "5f2b…",
        "assessed_at": "2026-11-21T09:30:00Z",
        "follow_up": "open",
        "assessments": 1,
    },
    response_only=True,
)


class Patients(APIView):
    access = "claims.assess_patients"

    @extend_schema(
        operation_id="register_patient",
        summary="Register a patient and assess the symptoms",
        request=NewPatient,
        responses={201: AssessmentShown},
        examples=[EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        form = NewPatient(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            assessment = triage.register_patient(
                **form.validated_data, actor=person(request._request), request=request._request
            )
        except triage.PatientExists as error:
            raise PatientExists from error
        return Response(shown(assessment), status=status.HTTP_201_CREATED)


class OnePatient(APIView):
    access = "claims.assess_patients"

    @extend_schema(
        operation_id="read_patient",
        summary="Read a patient with the newest assessment",
        responses=AssessmentShown,
        examples=[EXAMPLE],
    )
    def get(self, request: Request, patient_id: str) -> Response:
        patient = opened(request, patient_id)
        newest = patient.assessments.select_related("follow_up").first()
        return Response(shown(newest) if newest else not_assessed_yet(patient))


class Assessments(APIView):
    access = "claims.assess_patients"

    @extend_schema(
        operation_id="assess_patient",
        summary="Assess new symptoms of a known patient",
        request=Symptoms,
        responses={201: AssessmentShown},
        examples=[EXAMPLE],
    )
    def post(self, request: Request, patient_id: str) -> Response:
        form = Symptoms(data=request.data)
        form.is_valid(raise_exception=True)
        patient = opened(request, patient_id)
        assessment = triage.assess(
            patient=patient, actor=person(request._request), request=request._request, **form.validated_data
        )
        return Response(shown(assessment), status=status.HTTP_201_CREATED)


def opened(request: Request, patient_id: str) -> Patient:
    """The patient asked for; one of another department is as unknown as one that does not exist."""
    patient = triage.open_patient(
        Patient.objects.known_as(patient_id), actor=person(request._request), request=request._request
    )
    if patient is None:
        raise exceptions.NotFound("There is no such patient.")
    return patient
