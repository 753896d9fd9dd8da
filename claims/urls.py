"""Pages about claims, files, remittances and patients."""

from django.urls import path

from .pages import (
    claim_payments,
    claims,
    imports,
    matching,
    net_fees,
    patients,
    problems,
    remittances,
    uploads,
)

urlpatterns = [
    path("claims/", claims.claims, name="claims"),
    path("claims/assign/", claims.assign_claims, name="assign_claims"),
    path("claims/<uuid:pk>/", claims.claim, name="claim"),
    path("imports/", imports.imports, name="imports"),
    path("imports/new/", uploads.upload, name="upload"),
    path("imports/<uuid:pk>/", imports.import_page, name="import"),
    path("imports/<uuid:pk>/pause/", imports.pause_import, name="pause_import"),
    path("imports/<uuid:pk>/resume/", imports.resume_import, name="resume_import"),
    path("imports/<uuid:pk>/cancel/", imports.cancel_import, name="cancel_import"),
    path("imports/<uuid:pk>/refused.csv", problems.refused_csv, name="refused_csv"),
    path("imports/<uuid:pk>/problems.csv", problems.problems_csv, name="problems_csv"),
    path("remittances/", remittances.remittances, name="remittances"),
    path("remittances/unmatched/", matching.unmatched, name="unmatched_payments"),
    path("remittances/unmatched/<int:pk>/", matching.match_payment, name="match_payment"),
    path("remittances/payments/<int:pk>/", claim_payments.claim_payment, name="claim_payment"),
    path("remittances/<int:pk>/", remittances.remittance, name="remittance"),
    path("payments/", net_fees.payments, name="payments"),
    path("payments/replay/", net_fees.replay_payments, name="replay_payments"),
    path("patients/", patients.patients, name="patients"),
    path("patients/<int:pk>/", patients.patient, name="patient"),
    path("follow-ups/", patients.follow_ups, name="follow_ups"),
    path("follow-ups/<int:pk>/close/", patients.close_follow_up, name="close_follow_up"),
]
