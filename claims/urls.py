"""Pages about patients."""

from django.urls import path

from . import payment_pages, views

urlpatterns = [
    path("payments/", payment_pages.payments, name="payments"),
    path("payments/replay/", payment_pages.replay_payments, name="replay_payments"),
    path("patients/", views.patients, name="patients"),
    path("patients/<int:pk>/", views.patient, name="patient"),
    path("follow-ups/", views.follow_ups, name="follow_ups"),
    path("follow-ups/<int:pk>/close/", views.close_follow_up, name="close_follow_up"),
]
