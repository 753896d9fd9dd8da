"""Pages about claims, files, remittances and patients."""

from django.urls import path

from . import (
    claim_payment_views,
    claim_views,
    import_views,
    matching_views,
    payment_pages,
    problem_views,
    remittance_views,
    upload_views,
    views,
)

urlpatterns = [
    path("claims/", claim_views.claims, name="claims"),
    path("claims/<uuid:pk>/", claim_views.claim, name="claim"),
    path("imports/", import_views.imports, name="imports"),
    path("imports/new/", upload_views.upload, name="upload"),
    path("imports/<uuid:pk>/", import_views.import_page, name="import"),
    path("imports/<uuid:pk>/pause/", import_views.pause_import, name="pause_import"),
    path("imports/<uuid:pk>/resume/", import_views.resume_import, name="resume_import"),
    path("imports/<uuid:pk>/cancel/", import_views.cancel_import, name="cancel_import"),
    path("imports/<uuid:pk>/refused.csv", problem_views.refused_csv, name="refused_csv"),
    path("imports/<uuid:pk>/problems.csv", problem_views.problems_csv, name="problems_csv"),
    path("remittances/", remittance_views.remittances, name="remittances"),
    path("remittances/unmatched/", matching_views.unmatched, name="unmatched_payments"),
    path("remittances/unmatched/<int:pk>/", matching_views.match_payment, name="match_payment"),
    path("remittances/payments/<int:pk>/", claim_payment_views.claim_payment, name="claim_payment"),
    path("remittances/<int:pk>/", remittance_views.remittance, name="remittance"),
    path("payments/", payment_pages.payments, name="payments"),
    path("payments/replay/", payment_pages.replay_payments, name="replay_payments"),
    path("patients/", views.patients, name="patients"),
    path("patients/<int:pk>/", views.patient, name="patient"),
    path("follow-ups/", views.follow_ups, name="follow_ups"),
    path("follow-ups/<int:pk>/close/", views.close_follow_up, name="close_follow_up"),
]
