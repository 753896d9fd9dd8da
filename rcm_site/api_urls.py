"""Everything under /api/."""

from django.urls import path

from accounts import api as accounts
from claims import api as claims

from . import api_schema

urlpatterns = [
    path("auth/token", accounts.SignIn.as_view(), name="api_token"),
    path("auth/token/refresh", accounts.Renew.as_view(), name="api_token_refresh"),
    path("users/profile", accounts.Profile.as_view(), name="api_profile"),
    path("patients", claims.Patients.as_view(), name="api_patients"),
    path("patients/<str:patient_id>", claims.OnePatient.as_view(), name="api_patient"),
    path("patients/<str:patient_id>/assessments", claims.Assessments.as_view(), name="api_assessments"),
    path("schema", api_schema.Schema.as_view(), name="api_schema"),
    path("docs", api_schema.Docs.as_view(), name="api_docs"),
]
